package v1alpha1

// BalanceStrategy is a way to choose an endpoint.
//
// +kubebuilder:validation:Enum=RoundRobin;WeightedRoundRobin;LeastRequest;LeastLatency;Random;IPHash;Hash;Expression
type BalanceStrategy string

// The strategies of a Balance.
const (
	// BalanceRoundRobin takes the endpoints in turn.
	BalanceRoundRobin BalanceStrategy = "RoundRobin"
	// BalanceWeightedRoundRobin takes the endpoints in turn by their weights.
	BalanceWeightedRoundRobin BalanceStrategy = "WeightedRoundRobin"
	// BalanceLeastRequest takes the endpoint with the fewest requests under way.
	BalanceLeastRequest BalanceStrategy = "LeastRequest"
	// BalanceLeastLatency takes the faster of two endpoints.
	BalanceLeastLatency BalanceStrategy = "LeastLatency"
	// BalanceRandom draws an endpoint.
	BalanceRandom BalanceStrategy = "Random"
	// BalanceIPHash is BalanceHash by the client's address.
	BalanceIPHash BalanceStrategy = "IPHash"
	// BalanceHash takes the endpoint that a part of the request leads to.
	BalanceHash BalanceStrategy = "Hash"
	// BalanceExpression takes the endpoint with the lowest cost.
	BalanceExpression BalanceStrategy = "Expression"
)

// BalanceZone says whether topology hints count.
//
// +kubebuilder:validation:Enum=Any;Prefer
type BalanceZone string

// The values of Balance.Zone.
const (
	// ZoneAny takes endpoints of every zone.
	ZoneAny BalanceZone = "Any"
	// ZonePrefer takes those that hints name for Sluice's own zone.
	ZonePrefer BalanceZone = "Prefer"
)

// Balance says which endpoint of a back end a request gets, on each replica of
// Sluice by what that replica knows.
//
// +kubebuilder:validation:XValidation:rule="(self.strategy == 'Hash') == has(self.hash)",message="balance.hash must be set for balance.strategy Hash, and for it alone"
// +kubebuilder:validation:XValidation:rule="(self.strategy == 'Expression') == has(self.cost)",message="balance.cost must be set for balance.strategy Expression, and for it alone"
// +kubebuilder:validation:XValidation:rule="self.strategy == 'Random' || !has(self.choices)",message="balance.choices must not be set unless balance.strategy is Random"
type Balance struct {
	// strategy is how an endpoint is chosen:
	//
	//   - RoundRobin: in turn;
	//   - WeightedRoundRobin: in turn, spread evenly by the weights that the annotation
	//     sluice.dev/weight (1 to 1000) of an EndpointSlice gives its endpoints; 1 without it;
	//   - LeastRequest: the one with the fewest requests under way;
	//   - LeastLatency: of two that are drawn the one that promises the earlier
	//     answer, by a moving average of its response times and its requests under way;
	//   - Random: by lot;
	//   - IPHash: by the client's address, as Hash;
	//   - Hash: by a part of the request, the same endpoint on every replica. Where an
	//     endpoint comes or goes, no more requests move than its share;
	//   - Expression: the one with the lowest cost.
	//
	// +optional
	// +kubebuilder:default=RoundRobin
	Strategy BalanceStrategy `json:"strategy,omitempty"`

	// choices is how many endpoints Random draws, of which the less busy one serves.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2
	Choices *int32 `json:"choices,omitempty"`

	// hash is what Hash goes by.
	//
	// +optional
	Hash *BalanceHashBy `json:"hash,omitempty"`

	// cost is an expression in CEL whose value is a number: the endpoint for which it is lowest gets the
	// request. It may name endpoint.active, endpoint.latencyMs, endpoint.weight, endpoint.ageSeconds,
	// endpoint.failures, endpoint.address, endpoint.zone, endpoint.node, proxy.zone, request.method,
	// request.host, request.path, request.client and request.header("name"). Where it fails for a
	// request, LeastRequest decides.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Cost string `json:"cost,omitempty"`

	// slowStart is the time in which the share of an endpoint that has become ready
	// grows from a tenth to its full one, such as 30s. It does not count for Hash,
	// IPHash and Expression. Without it an endpoint gets its full share at once.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	SlowStart string `json:"slowStart,omitempty"`

	// zone is Prefer to send requests only to the endpoints that topology hints (those of
	// the Service's trafficDistribution) name for the zone of the replica, as long as all
	// endpoints have hints and one of them is for that zone.
	//
	// +optional
	// +kubebuilder:default=Any
	Zone BalanceZone `json:"zone,omitempty"`

	// sticky keeps the requests of a session at one endpoint, whatever the strategy,
	// as long as that endpoint serves.
	//
	// +optional
	Sticky *BalanceSticky `json:"sticky,omitempty"`
}

// BalanceSticky keeps the requests of a session at the endpoint that served the first
// one.
//
// +kubebuilder:validation:XValidation:rule="self.source == 'Cookie' || !has(self.cookie)",message="sticky.cookie must not be set where sticky.source is Header"
// +kubebuilder:validation:XValidation:rule="self.source == 'Cookie' || !(self.name.lowerAscii() in ['connection', 'content-length', 'expect', 'host', 'http2-settings', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'])",message="sticky.name must not be a field of the connection"
type BalanceSticky struct {
	// source is what carries the session: Cookie, which the first response sets, or
	// Header, a field of the response that the client sends again.
	//
	// +optional
	// +kubebuilder:default=Cookie
	Source StickySource `json:"source,omitempty"`

	// name is the name of the cookie or the header field.
	//
	// +optional
	// +kubebuilder:default=sluice-session
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Name string `json:"name,omitempty"`

	// lifetime is how long a session lasts at most, such as 8h. A cookie then outlives
	// the browser's own session. Without it a session lasts until the browser is closed.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s')",message="sticky.lifetime must be at least 1s"
	Lifetime string `json:"lifetime,omitempty"`

	// cookie are the attributes of the cookie.
	//
	// +optional
	Cookie *StickyCookie `json:"cookie,omitempty"`
}

// StickySource is what carries a session.
//
// +kubebuilder:validation:Enum=Cookie;Header
type StickySource string

// The sources of a BalanceSticky.
const (
	// StickyByCookie is a cookie.
	StickyByCookie StickySource = "Cookie"
	// StickyByHeader is a header field.
	StickyByHeader StickySource = "Header"
)

// StickySameSite is an attribute of a cookie.
//
// +kubebuilder:validation:Enum=Strict;Lax;None
type StickySameSite string

// StickySecure says when a cookie is for TLS alone.
//
// +kubebuilder:validation:Enum=Auto;Always;Never
type StickySecure string

// The values of StickyCookie.Secure.
const (
	// SecureAuto is for requests that came over TLS.
	SecureAuto StickySecure = "Auto"
	// SecureAlways is for every request.
	SecureAlways StickySecure = "Always"
	// SecureNever is for none.
	SecureNever StickySecure = "Never"
)

// StickyCookie are the attributes of the cookie that carries a session.
// +kubebuilder:validation:XValidation:rule="self.sameSite != 'None' || self.secure != 'Never'",message="sticky.cookie.sameSite None must not go with sticky.cookie.secure Never"
type StickyCookie struct {
	// path is below which paths the client sends the cookie.
	//
	// +optional
	// +kubebuilder:default="/"
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^/[A-Za-z0-9._~!$&'()*+:@%/-]*$`
	Path string `json:"path,omitempty"`

	// sameSite is Strict, Lax or None, of which browsers take None with Secure alone.
	//
	// +optional
	// +kubebuilder:default=Lax
	SameSite StickySameSite `json:"sameSite,omitempty"`

	// secure says when the client may send the cookie over TLS alone: Auto, where it
	// got it over TLS, Always, as behind a load balancer that ends TLS, or Never.
	//
	// +optional
	// +kubebuilder:default=Auto
	Secure StickySecure `json:"secure,omitempty"`

	// httpOnly hides the cookie from scripts.
	//
	// +optional
	// +kubebuilder:default=true
	HTTPOnly *bool `json:"httpOnly,omitempty"`
}

// BalanceHashSource is a part of a request.
//
// +kubebuilder:validation:Enum=ClientAddress;Header;Cookie;Query;Path
type BalanceHashSource string

// The sources of a BalanceHashBy.
const (
	// HashClientAddress is the client's IP address.
	HashClientAddress BalanceHashSource = "ClientAddress"
	// HashHeader is the value of a header field.
	HashHeader BalanceHashSource = "Header"
	// HashCookie is the value of a cookie.
	HashCookie BalanceHashSource = "Cookie"
	// HashQuery is the value of a query parameter.
	HashQuery BalanceHashSource = "Query"
	// HashPath is the path without its query.
	HashPath BalanceHashSource = "Path"
)

// BalanceHashBy is the part of a request that chooses its endpoint. Requests without
// it are served in turn.
//
// +kubebuilder:validation:XValidation:rule="(self.source in ['Header', 'Cookie', 'Query']) == has(self.name)",message="hash.name must be set for hash.source Header, Cookie and Query, and for them alone"
// +kubebuilder:validation:XValidation:rule="!has(self.maxLoadPercent) || self.maxLoadPercent == 0 || self.maxLoadPercent >= 100",message="hash.maxLoadPercent must be 0 or at least 100"
type BalanceHashBy struct {
	// source is ClientAddress, Header, Cookie, Query or Path.
	//
	// +required
	Source BalanceHashSource `json:"source"`

	// name is the name of the header field (in any case), cookie or query parameter.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Name string `json:"name,omitempty"`

	// maxLoadPercent bounds the requests under way at one endpoint, as a percentage of
	// the average of all: beyond it the endpoint next in line serves. 0 means no
	// bound. An endpoint with less than 8 requests under way is never beyond it.
	//
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	MaxLoadPercent int32 `json:"maxLoadPercent,omitempty"`
}
