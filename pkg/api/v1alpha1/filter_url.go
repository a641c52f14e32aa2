package v1alpha1

// PathEditType says how a path is changed.
//
// +kubebuilder:validation:Enum=Full;Prefix;Regex
type PathEditType string

// The types of a PathEdit.
const (
	// PathEditFull puts value in the place of the path.
	PathEditFull PathEditType = "Full"
	// PathEditPrefix puts value in the place of the prefix that the route matches.
	PathEditPrefix PathEditType = "Prefix"
	// PathEditRegex puts value in the place of what the expression matches.
	PathEditRegex PathEditType = "Regex"
)

// PathEdit changes a path. The query stays. What comes out is normalised before it is used.
//
// +kubebuilder:validation:XValidation:rule="(self.type == 'Regex') == has(self.expression)",message="path.expression must be set for path.type Regex, and for it alone"
// +kubebuilder:validation:XValidation:rule="self.type == 'Regex' || self.value.startsWith('/')",message="path.value must begin with '/' unless path.type is Regex"
type PathEdit struct {
	// type says what is replaced: the whole path (Full), the prefix that the route matches
	// (Prefix; each match of the route must be by prefix), or the first match of an expression (Regex).
	//
	// +required
	Type PathEditType `json:"type"`

	// expression is an RE2 expression.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Expression string `json:"expression,omitempty"`

	// value is the new part. For Regex "$1" and "${1}" stand for what groups matched, "$$" for "$".
	//
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value"`
}

// HostSource says where the Host of a request comes from.
type HostSource string

// The sources of a host.
const (
	// HostClient is what the client sent.
	HostClient HostSource = "Client"
	// HostBackend is the name of the back end.
	HostBackend HostSource = "Backend"
)

// RewriteFilter changes the URL of the request for the back end.
//
// +kubebuilder:validation:XValidation:rule="!has(self.host) || !has(self.hostFrom)",message="only one of rewrite.host and rewrite.hostFrom can be set"
// +kubebuilder:validation:MinProperties=1
type RewriteFilter struct {
	// hostFrom says where Host comes from: Client (as it came, whatever the route's own filters say) or
	// Backend (the name of the Service in the cluster, its external name, or the host of the
	// address; with a port that is not the usual one). Without it and host it stays as it is.
	//
	// +optional
	// +kubebuilder:validation:Enum=Client;Backend
	HostFrom HostSource `json:"hostFrom,omitempty"`

	// host is sent as Host, in place of the client's. It may have a port.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=259
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`
	Host string `json:"host,omitempty"`

	// path changes the path.
	//
	// +optional
	Path *PathEdit `json:"path,omitempty"`
}

// RedirectFilter answers with a redirect. What it does not say is that of the request.
// +kubebuilder:validation:XValidation:rule="has(self.scheme) || has(self.host) || has(self.port) || has(self.path)",message="one of redirect.scheme, redirect.host, redirect.port and redirect.path must be set"
type RedirectFilter struct {
	// scheme is http or https.
	//
	// +optional
	// +kubebuilder:validation:Enum=http;https
	Scheme string `json:"scheme,omitempty"`

	// host is a name without a port.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`
	Host string `json:"host,omitempty"`

	// port is a port. Without it it is the usual one of scheme where that is set, else that
	// which the request came on. The usual port of the scheme is left out of the URL.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// path changes the path.
	//
	// +optional
	Path *PathEdit `json:"path,omitempty"`

	// status is the status of the answer.
	//
	// +optional
	// +kubebuilder:default=302
	// +kubebuilder:validation:Enum=301;302;303;307;308
	Status int32 `json:"status,omitempty"`
}

// DirectResponseFilter answers without a back end.
//
// +kubebuilder:validation:XValidation:rule="!has(self.contentType) && !has(self.template) || has(self.body) || has(self.configMap)",message="directResponse.contentType and directResponse.template need directResponse.body or directResponse.configMap"
// +kubebuilder:validation:XValidation:rule="!has(self.body) || !has(self.configMap)",message="only one of directResponse.body and directResponse.configMap can be set"
// +kubebuilder:validation:XValidation:rule="!(self.status in [204, 205, 304]) || !has(self.body) && !has(self.configMap)",message="directResponse.body and directResponse.configMap are not for directResponse.status 204, 205 and 304"
type DirectResponseFilter struct {
	// status is the status of the answer.
	//
	// +required
	// +kubebuilder:validation:Minimum=200
	// +kubebuilder:validation:Maximum=599
	Status int32 `json:"status"`

	// headers are sent with it.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Headers []HeaderField `json:"headers,omitempty"`

	// contentType is the media type of the body; without it that which the name of the ConfigMap's
	// key ends in stands for, or text/plain.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ContentType string `json:"contentType,omitempty"`

	// body is sent. Without it and configMap a short text for the status is.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	Body string `json:"body,omitempty"`

	// configMap has the body in a key.
	//
	// +optional
	ConfigMap *ContentRef `json:"configMap,omitempty"`

	// template says that the body has variables such as {host}, and {{ for a brace. Their values are
	// escaped where the type is HTML, XML, JSON or JavaScript.
	//
	// +optional
	Template *bool `json:"template,omitempty"`
}

// MirrorFilter sends a copy of requests to another back end, apart from those with a body beyond 64 KiB.
//
// +kubebuilder:validation:XValidation:rule="has(self.service) != has(self.address)",message="exactly one of mirror.service and mirror.address must be set"
type MirrorFilter struct {
	// service is a Service.
	//
	// +optional
	Service *ServiceRef `json:"service,omitempty"`

	// address is "host:port" of something that is no Service.
	//
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=260
	// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?[]]):[0-9]{1,5}$`
	Address string `json:"address,omitempty"`

	// percent of the requests are copied, by chance.
	//
	// +optional
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Percent *int32 `json:"percent,omitempty"`

	// host is sent as Host of the copy, in place of that which the back end of the route gets. It may have a port.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=259
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`
	Host string `json:"host,omitempty"`

	// withoutBody leaves the body out of the copy.
	//
	// +optional
	WithoutBody bool `json:"withoutBody,omitempty"`
}
