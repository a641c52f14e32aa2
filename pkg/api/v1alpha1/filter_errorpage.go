package v1alpha1

// ContentRef names a text in a ConfigMap of the same namespace. A ConfigMap with texts longer than 1 KiB
// needs the label "sluice.dev/content" with the value "true".
type ContentRef struct {
	// name is the name of the ConfigMap.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key is the key of the text.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key"`
}

// ErrorPageFilter replaces answers that say that something went wrong: those of Sluice's own
// that have no body of the route's, such as 502 or 429, and on request those of back ends. Of several
// such filters the first that has the status counts; those of a back end come before those of
// the route. gRPC has no pages.
//
// +kubebuilder:validation:XValidation:rule="[has(self.body), has(self.configMap), has(self.service), has(self.address)].exists_one(x, x)",message="exactly one of errorPage.body, errorPage.configMap, errorPage.service and errorPage.address must be set"
// +kubebuilder:validation:XValidation:rule="!has(self.contentType) && !has(self.template) || has(self.body) || has(self.configMap)",message="errorPage.contentType and errorPage.template need errorPage.body or errorPage.configMap"
// +kubebuilder:validation:XValidation:rule="!has(self.status) || has(self.service) || has(self.address)",message="errorPage.status needs errorPage.service or errorPage.address"
type ErrorPageFilter struct {
	// statuses are those of the answers that are replaced, such as "404" or "500-599".
	//
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Statuses []StatusRange `json:"statuses"`

	// endpoints says that answers of back ends are replaced too.
	//
	// +optional
	Endpoints bool `json:"endpoints,omitempty"`

	// contentType is the media type of the page; without it that which the name of the ConfigMap's key ends
	// in stands for, or text/html.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ContentType string `json:"contentType,omitempty"`

	// body is the page.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	Body string `json:"body,omitempty"`

	// configMap has the page in a key.
	//
	// +optional
	ConfigMap *ContentRef `json:"configMap,omitempty"`

	// template says that the page has variables such as {status} and {request_id}, and {{ for a
	// brace. Their values are escaped where the type is HTML, XML, JSON or JavaScript.
	//
	// +optional
	Template *bool `json:"template,omitempty"`

	// service is a Service that is asked for the page, as by ingress-nginx's
	// custom-http-errors: GET / with the client's fields, X-Code (the status), X-Format (the client's
	// Accept), X-Original-URI, X-Request-ID, X-Namespace and X-Ingress-Name.
	//
	// +optional
	Service *ServiceRef `json:"service,omitempty"`

	// address is "host:port" of something that is no Service, and is asked like one.
	//
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=260
	// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?[]]):[0-9]{1,5}$`
	Address string `json:"address,omitempty"`

	// status says which status the client gets: that of the answer that is replaced (Kept), or that
	// which comes with the page (Backend).
	//
	// +optional
	// +kubebuilder:validation:Enum=Kept;Backend
	Status ErrorPageStatus `json:"status,omitempty"`
}

// ErrorPageStatus says which status comes with an error page.
type ErrorPageStatus string

// The statuses of an ErrorPageFilter.
const (
	// ErrorPageKept is that of the answer that is replaced.
	ErrorPageKept ErrorPageStatus = "Kept"
	// ErrorPageBackend is that of the back end that was asked.
	ErrorPageBackend ErrorPageStatus = "Backend"
)
