package v1alpha1

// AuthProtocol is how an ExternalAuthFilter asks.
//
// +kubebuilder:validation:Enum=HTTP;GRPC
type AuthProtocol string

// The protocols of an ExternalAuthFilter.
const (
	// AuthHTTP sends a request of HTTP, as nginx's auth_request and oauth2-proxy have it.
	AuthHTTP AuthProtocol = "HTTP"
	// AuthGRPC is Envoy's ext_authz: envoy.service.auth.v3.Authorization.
	AuthGRPC AuthProtocol = "GRPC"
)

// ExternalAuthFilter asks somebody else whether a request may pass. Over HTTP any status from
// 200 to 299 is a yes; the client gets any other answer below 500 as it is, redirects as well.
// Without an answer, or with one of 500 and more, the request is answered 503.
//
// +kubebuilder:validation:XValidation:rule="has(self.service) != has(self.address)",message="exactly one of externalAuth.service and externalAuth.address must be set"
// +kubebuilder:validation:XValidation:rule="!has(self.http) || !has(self.protocol) || self.protocol == 'HTTP'",message="externalAuth.http is for externalAuth.protocol HTTP alone"
type ExternalAuthFilter struct {
	// protocol is HTTP or GRPC.
	//
	// +optional
	// +kubebuilder:default=HTTP
	Protocol AuthProtocol `json:"protocol,omitempty"`

	// service is a Service that is asked.
	//
	// +optional
	Service *ServiceRef `json:"service,omitempty"`

	// address is who is asked, as host:port.
	//
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=262
	// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?[]]):[0-9]{1,5}$`
	Address string `json:"address,omitempty"`

	// timeout bounds one question, such as 500ms, from 1ms to 1m.
	//
	// +optional
	// +kubebuilder:default="5s"
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1ms') && duration(self) <= duration('1m')",message="externalAuth.timeout must be from 1ms to 1m"
	Timeout string `json:"timeout,omitempty"`

	// failOpen lets requests pass that nobody answers for. Then whoever can keep the one that is asked
	// from answering comes in.
	//
	// +optional
	FailOpen bool `json:"failOpen,omitempty"`

	// http is about questions over HTTP.
	//
	// +optional
	HTTP *ExternalAuthHTTP `json:"http,omitempty"`

	// requestHeaders are the fields of the request that are told; all if not set.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	RequestHeaders []string `json:"requestHeaders,omitempty"`

	// principalHeader is the field of a yes that says who it is, for the log and {principal}.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	PrincipalHeader string `json:"principalHeader,omitempty"`

	// maxBodyBytes is how much of the request's body is told; a longer body is answered 413. The body
	// is not told if it is not set.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1048576
	MaxBodyBytes int32 `json:"maxBodyBytes,omitempty"`

	// cache remembers answers.
	//
	// +optional
	Cache *ExternalAuthCache `json:"cache,omitempty"`
}

// ExternalAuthHTTP is about questions over HTTP.
type ExternalAuthHTTP struct {
	// method is that of the question.
	//
	// +optional
	// +kubebuilder:default=GET
	// +kubebuilder:validation:Enum=GET;HEAD;POST;PUT;PATCH;DELETE;OPTIONS
	Method string `json:"method,omitempty"`

	// path is the path of the question, with a query or without, in which variables such as
	// {path} may stand; that of the request if not set.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^/[^\s#]*$`
	Path string `json:"path,omitempty"`

	// host is sent as Host; that of the request if not set.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9.:\[\]-]+$`
	Host string `json:"host,omitempty"`

	// set are fields of the question besides those of the request. X-Forwarded-Method and
	// X-Forwarded-Uri are always set.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Set []HeaderField `json:"set,omitempty"`

	// responseHeaders are the fields of a yes that the back end gets. What clients send in
	// them is removed.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	ResponseHeaders []string `json:"responseHeaders,omitempty"`

	// clientHeaders are the fields of a yes that the client gets, such as Set-Cookie.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	ClientHeaders []string `json:"clientHeaders,omitempty"`

	// signIn is where clients are sent, with 302, in the place of a 401, such as
	// https://id.example.com/start?rd={scheme}://{host}{uri.escaped}.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^(https?://[^\s]+|/[^\s]*)$`
	SignIn string `json:"signIn,omitempty"`
}

// ExternalAuthCache remembers answers, on each replica of Sluice: at most 4096 of a filter.
//
// +kubebuilder:validation:XValidation:rule="has(self.granted) || has(self.refused)",message="externalAuth.cache.granted or externalAuth.cache.refused must be set"
type ExternalAuthCache struct {
	// key is what requests have in common that get one answer, besides the host. It must hold all
	// that the answer depends on, such as {header.Authorization}{cookie.session}{method}{path}.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Key string `json:"key"`

	// granted is how long a yes is remembered (200, 201, 202 and 204), such as 1m, from 1s to 24h.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="externalAuth.cache.granted must be from 1s to 24h"
	Granted string `json:"granted,omitempty"`

	// refused is how long a no is remembered (401 and 403).
	//
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="externalAuth.cache.refused must be from 1s to 24h"
	Refused string `json:"refused,omitempty"`
}
