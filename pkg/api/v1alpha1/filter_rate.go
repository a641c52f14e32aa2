package v1alpha1

// RateUnit is a time that requests are counted over.
//
// +kubebuilder:validation:Enum=Second;Minute;Hour
type RateUnit string

// The units of a RateLimitFilter.
const (
	RateSecond RateUnit = "Second"
	RateMinute RateUnit = "Minute"
	RateHour   RateUnit = "Hour"
)

// RateSource says what tells clients apart.
//
// +kubebuilder:validation:Enum=ClientAddress;Header;Claim;Route
type RateSource string

// The sources of a RateLimitFilter.
const (
	// RateClientAddress is the client's IP address.
	RateClientAddress RateSource = "ClientAddress"
	// RateHeader is the value of a header field.
	RateHeader RateSource = "Header"
	// RateClaim is a claim of the token that a filter of the type JWT has verified.
	RateClaim RateSource = "Claim"
	// RateRoute counts all requests of the route together.
	RateRoute RateSource = "Route"
)

// RateLimitFilter bounds how many requests a client may send.
// The requests of a time are spread evenly: of 60 per minute one may come each
// second, and after a rest as many at once as burst says. What is beyond is answered 429
// with Retry-After and RateLimit.
//
// +kubebuilder:validation:XValidation:rule="(self.by == 'Header') == has(self.header)",message="rateLimit.header must be set for rateLimit.by Header, and for it alone"
// +kubebuilder:validation:XValidation:rule="(self.by == 'Claim') == has(self.claim)",message="rateLimit.claim must be set for rateLimit.by Claim, and for it alone"
type RateLimitFilter struct {
	// requests is how many may come per unit.
	//
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Requests int32 `json:"requests"`

	// unit is Second, Minute or Hour.
	//
	// +optional
	// +kubebuilder:default=Second
	Unit RateUnit `json:"unit,omitempty"`

	// burst is how many may come at once; requests if not set.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Burst int32 `json:"burst,omitempty"`

	// by is what tells clients apart: ClientAddress (that behind trusted proxies, of
	// IPv6 the first 64 bits), Header or Claim (requests without it are one client's), or
	// Route (all are one client's). By Claim the filter acts behind those that verify tokens.
	//
	// +optional
	// +kubebuilder:default=ClientAddress
	By RateSource `json:"by,omitempty"`

	// scope says whether each replica of Sluice lets so many pass (Replica), or all together do
	// (Cluster): then each lets an equal part pass, of burst rounded down and at least 1.
	//
	// +optional
	// +kubebuilder:default=Replica
	Scope LimitScope `json:"scope,omitempty"`

	// header is the name of the header field, in any case.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Header string `json:"header,omitempty"`

	// claim is the name of a claim of the client's token, or a path of names with dots between.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Claim string `json:"claim,omitempty"`
}
