package v1alpha1

import "k8s.io/apimachinery/pkg/util/intstr"

// Backend is what serves requests: a Service or a fixed address.
//
// +kubebuilder:validation:XValidation:rule="has(self.service) != has(self.address)",message="exactly one of service and address must be set"
// +kubebuilder:validation:XValidation:rule="!has(self.versionFromPodLabel) || has(self.service) && !has(self.version)",message="versionFromPodLabel goes with service, and not with version"
type Backend struct {
	// service is a Service, in the same namespace unless it says otherwise.
	//
	// +optional
	Service *ServiceRef `json:"service,omitempty"`

	// address is "host:port" of something that is no Service: an IP address, an IPv6
	// address in brackets, or a DNS name that is resolved when connections are made.
	//
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=260
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?[]]):[0-9]{1,5}$')",message="address must be host:port, with an IPv6 address in brackets"
	Address string `json:"address,omitempty"`

	// weight is this back end's share of the requests, relative to the sum of all
	// weights of the route. 0 means none.
	//
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	Weight *int32 `json:"weight,omitempty"`

	// version is the version that this back end serves, such as "2" or "2.1". It
	// takes versioning to be of use; then either all back ends of a route have one
	// or none has.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._+-]*[A-Za-z0-9])?$`
	Version string `json:"version,omitempty"`

	// versionFromPodLabel takes the version from a label of the Service's Pods, such as
	// app.kubernetes.io/version, in the place of version: the Service then is as many
	// back ends as its Pods have values of the label, each with the weight of this one. Pods
	// without the label get no request.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`
	VersionFromPodLabel string `json:"versionFromPodLabel,omitempty"`

	// ready is false where the back end is to get no new request, as long as someone
	// works on it. Requests for its version go to the next shorter one.
	//
	// +optional
	// +kubebuilder:default=true
	Ready *bool `json:"ready,omitempty"`

	// tls speaks with the endpoints over TLS. Without it that happens only where the
	// appProtocol of the Service's port is https.
	//
	// +optional
	TLS *BackendTLS `json:"tls,omitempty"`

	// proxyProtocol begins each connection to an endpoint with a header of the PROXY protocol, of
	// version v1 or v2, that tells the client's address. Each connection is one client's then.
	//
	// +optional
	ProxyProtocol ProxyProtocol `json:"proxyProtocol,omitempty"`

	// filters act on what goes to this back end and comes from it, behind those of the route.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Filters []Filter `json:"filters,omitempty"`
}

// ProxyProtocol is a version of the PROXY protocol.
//
// +kubebuilder:validation:Enum=v1;v2
type ProxyProtocol string

// ServiceRef names a Service and one of its ports.
type ServiceRef struct {
	// name is the name of the Service.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// namespace is the namespace of the Service, that of the object if not set. One in another namespace
	// takes a ReferenceGrant there, from the kind of this object, of the group sluice.dev.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Namespace string `json:"namespace,omitempty"`

	// port is a port of the Service: its number, or its name.
	//
	// +required
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="type(self) != int || (self >= 1 && self <= 65535)",message="port must be between 1 and 65535, or the name of a port"
	Port intstr.IntOrString `json:"port"`
}
