package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ProxyRoute says which requests for some hosts are served by which back ends.
// It can say what neither Ingress nor the Gateway API can, such as back ends
// outside of the cluster.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pxr,categories={sluice,all},scope=Namespaced
// +kubebuilder:printcolumn:name="Hosts",type=string,JSONPath=`.spec.hosts`
// +kubebuilder:printcolumn:name="Class",type=string,JSONPath=`.spec.ingressClassName`,priority=1
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Resolved",type=string,JSONPath=`.status.conditions[?(@.type=="ResolvedRefs")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ProxyRoute struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is wanted.
	// +required
	Spec ProxyRouteSpec `json:"spec"`

	// status is what Sluice found. Users do not write it.
	// +optional
	Status ProxyRouteStatus `json:"status,omitempty"`
}

// ProxyRouteList is a list of ProxyRoutes.
//
// +kubebuilder:object:root=true
type ProxyRouteList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the ProxyRoutes.
	Items []ProxyRoute `json:"items"`
}

// ProxyRouteSpec is what a ProxyRoute asks for.
//
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || self.routes.size() == 1",message="routes must have one entry where tls.mode is Passthrough, as nothing tells the connections of a second one apart"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || !has(self.routes[0].matches)",message="matches of routes must not be set where tls.mode is Passthrough, as nothing is seen of requests"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || !has(self.routes[0].filters)",message="filters of routes must not be set where tls.mode is Passthrough, as nothing is seen of requests"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || !has(self.routes[0].maxBodyBytes) && !(has(self.routes[0].connect) && self.routes[0].connect) && !(has(self.routes[0].bufferRequest) && self.routes[0].bufferRequest) && !(has(self.routes[0].unlogged) && self.routes[0].unlogged)",message="connect, maxBodyBytes, bufferRequest and unlogged of routes must not be set where tls.mode is Passthrough, as nothing is seen of requests"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || (!has(self.versioning) && !has(self.routes[0].versioning) && !has(self.retry) && !has(self.routes[0].retry) && !has(self.circuitBreaker) && !has(self.routes[0].circuitBreaker) && !has(self.bufferResponse) && !has(self.routes[0].bufferResponse))",message="versioning, retry, circuitBreaker and bufferResponse must not be set where tls.mode is Passthrough, as nothing is seen of requests"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || ((!has(self.timeouts) || !has(self.timeouts.request) && !has(self.timeouts.backendRequest) && !has(self.timeouts.idle)) && (!has(self.routes[0].timeouts) || !has(self.routes[0].timeouts.request) && !has(self.routes[0].timeouts.backendRequest) && !has(self.routes[0].timeouts.idle)))",message="timeouts may have connect and tunnelIdle alone where tls.mode is Passthrough"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || ((!has(self.limits) || !has(self.limits.maxActivePerEndpoint) && !has(self.limits.queue)) && (!has(self.routes[0].limits) || !has(self.routes[0].limits.maxActivePerEndpoint) && !has(self.routes[0].limits.queue)))",message="limits may have maxActive and scope alone where tls.mode is Passthrough"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || ((!has(self.balance) || !has(self.balance.sticky) && (self.balance.strategy in ['RoundRobin', 'WeightedRoundRobin', 'LeastRequest', 'Random', 'IPHash'] || self.balance.strategy == 'Hash' && has(self.balance.hash) && self.balance.hash.source == 'ClientAddress')) && (!has(self.routes[0].balance) || !has(self.routes[0].balance.sticky) && (self.routes[0].balance.strategy in ['RoundRobin', 'WeightedRoundRobin', 'LeastRequest', 'Random', 'IPHash'] || self.routes[0].balance.strategy == 'Hash' && has(self.routes[0].balance.hash) && self.routes[0].balance.hash.source == 'ClientAddress')))",message="balance must not have sticky, nor a strategy that goes by requests (LeastLatency, Expression, Hash but by ClientAddress), where tls.mode is Passthrough"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || ((!has(self.health) || (!has(self.health.passive) || !has(self.health.passive.statuses)) && (!has(self.health.active) || self.health.active.type == 'TCP' || has(self.health.active.port))) && (!has(self.routes[0].health) || (!has(self.routes[0].health.passive) || !has(self.routes[0].health.passive.statuses)) && (!has(self.routes[0].health.active) || self.routes[0].health.active.type == 'TCP' || has(self.routes[0].health.active.port))))",message="health.passive.statuses must not be set, and health.active must have the type TCP or a port, where tls.mode is Passthrough"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.tls.mode != 'Passthrough' || !has(self.routes[0].backends) || self.routes[0].backends.all(b, !has(b.version) && !has(b.versionFromPodLabel) && !has(b.tls) && !has(b.filters))",message="backends must not have version, versionFromPodLabel, tls or filters where tls.mode is Passthrough"
type ProxyRouteSpec struct {
	// hosts are the host names that the routes serve, without a port, in lower case:
	//
	//   - "shop.example.com" is that name;
	//   - "cdn-*.example.com" is every name whose first label begins, or ends, or both,
	//     so, with one character or more in place of "*";
	//   - "*.example.com" is every name with exactly one label before
	//     ".example.com";
	//   - "**.example.com" is every name with one label or more before it;
	//   - "*" is every name, and requests without one.
	//
	// A request is served by the most specific of the hosts that match, in this
	// order: of partial labels those with the most characters first, of "**" names the
	// longest. Where none of its routes match, the next host is tried.
	//
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.matches('^([*][*][.]|([a-z0-9][-a-z0-9]*)?[*]([-a-z0-9]*[a-z0-9])?[.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="host must be a DNS name in lower case, optionally with '*.' or '**.' in front or one '*' in its first label, or '*'"
	Hosts []string `json:"hosts"`

	// ingressClassName is the IngressClass whose controller serves this object.
	// Without it every Sluice does.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	IngressClassName *string `json:"ingressClassName,omitempty"`

	// tls says which certificate serves the hosts. Without it the hosts are served
	// over HTTPS with whichever certificate covers them, else the default one, and
	// over HTTP without a redirect.
	//
	// +optional
	TLS *TLS `json:"tls,omitempty"`

	// suspend takes the object out of service without deleting it: it is as if it
	// were not there, but for its status.
	//
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// What is set here counts for each route that has none of its own, of timeouts
	// field by field.
	Settings `json:",inline"`

	// routes are the back ends by request. The order of the list does not matter for
	// routes whose matches differ in rank: an Exact path goes before a Regex and that
	// before a Prefix, a longer path before a shorter, then a match with a method,
	// then more headers, then more query parameters. Of equal ones the first
	// in the list serves.
	//
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	Routes []Route `json:"routes"`
}

// ProxyRouteStatus is what Sluice found out about a ProxyRoute.
type ProxyRouteStatus struct {
	// conditions are:
	//
	//   - Accepted: false where a part of the object is not served as it is written;
	//   - ResolvedRefs: false where an object that it names is missing or unusable;
	//   - Healthy: false where a back end that requests are for has no endpoint in service;
	//   - Suspended: true where the object or a part of it is out of service because
	//     it says so.
	//
	// Their messages name the fields.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// backends are the back ends, each with its endpoints as the leader among the replicas of
	// Sluice sees them, as of a second ago.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Backends []BackendStatus `json:"backends,omitempty"`
}

// BackendStatus is what Sluice found out about a back end.
type BackendStatus struct {
	// backend is "SERVICE:PORT", of another namespace "NAMESPACE/SERVICE:PORT", or the address.
	//
	// +required
	// +kubebuilder:validation:MaxLength=260
	Backend string `json:"backend"`

	// version is the one that it serves.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Version string `json:"version,omitempty"`

	// ready is how many of its endpoints are in service: ready by Kubernetes, not ejected,
	// and well by their probes.
	//
	// +required
	Ready int32 `json:"ready"`

	// total is how many endpoints there are, apart from those that are terminating.
	//
	// +required
	Total int32 `json:"total"`
}
