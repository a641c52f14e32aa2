package v1alpha1

// FilterType is a kind of filter.
//
// +kubebuilder:validation:Enum=IPAccess;Drop;CORS;BodySize;RateLimit;BasicAuth;BearerAuth;JWT;ExternalAuth;Fault;Redirect;DirectResponse;RequestHeader;Rewrite;Bandwidth;Mirror;ErrorPage;ResponseRewrite;ResponseHeader;Compression
type FilterType string

// The types of a Filter, in the order in which they act.
const (
	FilterIPAccess        FilterType = "IPAccess"
	FilterDrop            FilterType = "Drop"
	FilterCORS            FilterType = "CORS"
	FilterBodySize        FilterType = "BodySize"
	FilterRateLimit       FilterType = "RateLimit"
	FilterBasicAuth       FilterType = "BasicAuth"
	FilterBearerAuth      FilterType = "BearerAuth"
	FilterJWT             FilterType = "JWT"
	FilterExternalAuth    FilterType = "ExternalAuth"
	FilterFault           FilterType = "Fault"
	FilterRedirect        FilterType = "Redirect"
	FilterDirectResponse  FilterType = "DirectResponse"
	FilterRequestHeader   FilterType = "RequestHeader"
	FilterRewrite         FilterType = "Rewrite"
	FilterBandwidth       FilterType = "Bandwidth"
	FilterMirror          FilterType = "Mirror"
	FilterErrorPage       FilterType = "ErrorPage"
	FilterResponseRewrite FilterType = "ResponseRewrite"
	FilterResponseHeader  FilterType = "ResponseHeader"
	FilterCompression     FilterType = "Compression"
)

// Filter is a step between the match and the back end. Whatever the order in which they
// are written, filters act in this one: IPAccess, Drop, CORS, BodySize, RateLimit, BasicAuth, BearerAuth, JWT, ExternalAuth,
// RateLimit by Claim, Fault,
// Redirect, DirectResponse, RequestHeader, Rewrite, Bandwidth, Mirror; and on the response
// ErrorPage, ResponseRewrite, ResponseHeader, Compression.
// Those of one type act as written. A route with a filter that cannot be used answers 500.
//
// +kubebuilder:validation:XValidation:rule="has(self.ipAccess) == (self.type == 'IPAccess') && has(self.cors) == (self.type == 'CORS') && has(self.rateLimit) == (self.type == 'RateLimit') && has(self.basicAuth) == (self.type == 'BasicAuth') && has(self.bearerAuth) == (self.type == 'BearerAuth') && has(self.fault) == (self.type == 'Fault') && has(self.redirect) == (self.type == 'Redirect') && has(self.directResponse) == (self.type == 'DirectResponse') && has(self.requestHeader) == (self.type == 'RequestHeader') && has(self.rewrite) == (self.type == 'Rewrite') && has(self.mirror) == (self.type == 'Mirror') && has(self.responseHeader) == (self.type == 'ResponseHeader')",message="exactly the field that filters.type names must be set"
// +kubebuilder:validation:XValidation:rule="has(self.bodySize) == (self.type == 'BodySize') && has(self.bandwidth) == (self.type == 'Bandwidth') && has(self.compression) == (self.type == 'Compression') && has(self.errorPage) == (self.type == 'ErrorPage')",message="exactly the field that filters.type names must be set"
// +kubebuilder:validation:XValidation:rule="has(self.jwt) == (self.type == 'JWT') && has(self.externalAuth) == (self.type == 'ExternalAuth') && has(self.responseRewrite) == (self.type == 'ResponseRewrite')",message="exactly the field that filters.type names must be set"
type Filter struct {
	// type says which of the other fields is set. Drop, which closes the connection without a
	// word, has none.
	//
	// +required
	Type FilterType `json:"type"`

	// ipAccess lets clients in by their address; others get 403.
	//
	// +optional
	IPAccess *IPAccessFilter `json:"ipAccess,omitempty"`

	// cors answers preflight requests and tells browsers what scripts of other origins may do.
	//
	// +optional
	CORS *CORSFilter `json:"cors,omitempty"`

	// bodySize answers requests with a larger body with 413.
	//
	// +optional
	BodySize *BodySizeFilter `json:"bodySize,omitempty"`

	// rateLimit answers requests beyond a rate with 429.
	//
	// +optional
	RateLimit *RateLimitFilter `json:"rateLimit,omitempty"`

	// basicAuth asks for a name and a password.
	//
	// +optional
	BasicAuth *BasicAuthFilter `json:"basicAuth,omitempty"`

	// bearerAuth asks for a token.
	//
	// +optional
	BearerAuth *BearerAuthFilter `json:"bearerAuth,omitempty"`

	// jwt asks for a JSON Web Token.
	//
	// +optional
	JWT *JWTFilter `json:"jwt,omitempty"`

	// externalAuth asks somebody else whether a request may pass.
	//
	// +optional
	ExternalAuth *ExternalAuthFilter `json:"externalAuth,omitempty"`

	// fault makes some requests slow or fail, to test those who send them.
	//
	// +optional
	Fault *FaultFilter `json:"fault,omitempty"`

	// redirect answers with a redirect.
	//
	// +optional
	Redirect *RedirectFilter `json:"redirect,omitempty"`

	// directResponse answers without a back end.
	//
	// +optional
	DirectResponse *DirectResponseFilter `json:"directResponse,omitempty"`

	// requestHeader edits the header of the request for the back end.
	//
	// +optional
	RequestHeader *HeaderFilter `json:"requestHeader,omitempty"`

	// rewrite changes the URL of the request for the back end.
	//
	// +optional
	Rewrite *RewriteFilter `json:"rewrite,omitempty"`

	// bandwidth bounds how fast bodies move.
	//
	// +optional
	Bandwidth *BandwidthFilter `json:"bandwidth,omitempty"`

	// mirror sends a copy of requests to another back end, whose response is dropped. It never
	// delays a request.
	//
	// +optional
	Mirror *MirrorFilter `json:"mirror,omitempty"`

	// errorPage replaces answers that say that something went wrong.
	//
	// +optional
	ErrorPage *ErrorPageFilter `json:"errorPage,omitempty"`

	// responseRewrite changes where redirects and cookies of endpoints lead.
	//
	// +optional
	ResponseRewrite *ResponseRewriteFilter `json:"responseRewrite,omitempty"`

	// responseHeader edits the header of the response for the client.
	//
	// +optional
	ResponseHeader *HeaderFilter `json:"responseHeader,omitempty"`

	// compression compresses responses for clients that accept it.
	//
	// +optional
	Compression *CompressionFilter `json:"compression,omitempty"`
}

// IPAccessFilter lets clients in by their address, that behind trusted proxies.
//
// +kubebuilder:validation:MinProperties=1
type IPAccessFilter struct {
	// deny are networks such as "192.0.2.0/24", or addresses, that are refused. It goes before allow.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$`
	Deny []string `json:"deny,omitempty"`

	// allow are networks, or addresses, that are let in. With it all others are refused.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$`
	Allow []string `json:"allow,omitempty"`
}

// CORSFilter says what scripts of other origins may do.
// +kubebuilder:validation:XValidation:rule="has(self.origins) && size(self.origins) > 0 || has(self.originExpressions) && size(self.originExpressions) > 0",message="cors.origins or cors.originExpressions must be set"
type CORSFilter struct {
	// origins are "*" for any, or scheme://host[:port]; the host may begin with "*." for
	// names of any depth below it.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=320
	// +kubebuilder:validation:items:Pattern=`^([*]|[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s]+)$`
	Origins []string `json:"origins,omitempty"`

	// originExpressions are RE2 expressions, of which one matches the whole origin.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=320
	OriginExpressions []string `json:"originExpressions,omitempty"`

	// methods may be used; "*" means any.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Methods []string `json:"methods,omitempty"`

	// headers are request fields that may be sent; "*" means any.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Headers []string `json:"headers,omitempty"`

	// expose are response fields that scripts may see; "*" means all.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Expose []string `json:"expose,omitempty"`

	// credentials says that cookies and the like may be sent.
	//
	// +optional
	Credentials bool `json:"credentials,omitempty"`

	// maxAgeSeconds is how long a browser may remember the answer to a preflight.
	//
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	MaxAgeSeconds *int32 `json:"maxAgeSeconds,omitempty"`
}

// FaultFilter makes some requests slow or fail.
//
// +kubebuilder:validation:MinProperties=1
type FaultFilter struct {
	// delay holds some requests back.
	//
	// +optional
	Delay *FaultDelay `json:"delay,omitempty"`

	// abort answers some requests with an error, after their delay.
	//
	// +optional
	Abort *FaultAbort `json:"abort,omitempty"`
}

// FaultDelay holds some requests back.
type FaultDelay struct {
	// time is how long, such as 200ms, at most 5m.
	//
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s') && duration(self) <= duration('5m')",message="fault.delay.time must be more than 0, and 5m at most"
	Time string `json:"time"`

	// percent of the requests are held back.
	//
	// +optional
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Percent *int32 `json:"percent,omitempty"`
}

// FaultAbort answers some requests with an error.
type FaultAbort struct {
	// status is what they are answered with.
	//
	// +required
	// +kubebuilder:validation:Minimum=400
	// +kubebuilder:validation:Maximum=599
	Status int32 `json:"status"`

	// percent of the requests are answered so.
	//
	// +optional
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Percent *int32 `json:"percent,omitempty"`
}

// HeaderField is a field that a filter writes.
type HeaderField struct {
	// name is the name of the field. Those that belong to the connection or the framing
	// of the message, and Host, cannot be written.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Name string `json:"name"`

	// value is the value. In it {client_ip}, {host}, {method}, {path}, {port}, {principal},
	// {query}, {request_id}, {route}, {scheme}, {tls.sni}, {tls.subject}, {version} and
	// {claim.NAME} stand for what the request has, and {{ for a brace.
	//
	// +required
	// +kubebuilder:validation:MaxLength=4096
	Value string `json:"value"`
}

// HeaderFilter edits a header: first remove, then set, then add.
//
// +kubebuilder:validation:MinProperties=1
type HeaderFilter struct {
	// set replaces all lines of the name by one.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Set []HeaderField `json:"set,omitempty"`

	// add adds a line behind those of the name.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Add []HeaderField `json:"add,omitempty"`

	// remove names fields that are removed.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Remove []string `json:"remove,omitempty"`
}
