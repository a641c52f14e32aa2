package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// ProxyPolicy brings what a ProxyRoute can say to objects of other kinds: to Gateways,
// ListenerSets and their listeners, HTTPRoutes and GRPCRoutes and their rules, Ingresses, and Services.
//
// Of several policies for a request that of the rule goes before that of the route, then
// that of the listener, then that of its ListenerSet, then that of the Gateway, setting by
// setting; of timeouts field by field, of filters type by type. What the object says itself goes before what any
// policy says. Of several policies for the same the oldest counts, and the others do not.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:metadata:labels=gateway.networking.k8s.io/policy=inherited
// +kubebuilder:resource:shortName=pxp,path=proxypolicies,categories={sluice,all},scope=Namespaced
// +kubebuilder:printcolumn:name="Kind",type=string,JSONPath=`.spec.targetRefs[*].kind`
// +kubebuilder:printcolumn:name="Target",type=string,JSONPath=`.spec.targetRefs[*].name`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.ancestors[*].conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ProxyPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is wanted.
	// +required
	Spec ProxyPolicySpec `json:"spec"`

	// status is what Sluice found, for each of the targets, and for each route that names
	// the policy by an ExtensionRef. Users do not write it.
	// +optional
	Status gatewayv1.PolicyStatus `json:"status,omitempty"`
}

// ProxyPolicyList is a list of ProxyPolicies.
//
// +kubebuilder:object:root=true
type ProxyPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the ProxyPolicies.
	Items []ProxyPolicy `json:"items"`
}

// ProxyPolicySpec is what a ProxyPolicy asks for.
//
// +kubebuilder:validation:XValidation:rule="!has(self.targetRefs) || !self.targetRefs.exists(t, t.kind == 'Service') || !(has(self.versioning) || has(self.timeouts) || has(self.retry) || has(self.bufferResponse) || has(self.filters))",message="a policy for a Service must not have versioning, timeouts, retry, bufferResponse or filters"
type ProxyPolicySpec struct {
	// targetRefs are what the policy is for, in its own namespace. A policy without any
	// counts where a rule of an HTTPRoute or GRPCRoute names it by an ExtensionRef.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.kind == b.kind && a.name == b.name && has(a.sectionName) == has(b.sectionName) && (!has(a.sectionName) || a.sectionName == b.sectionName)))",message="targetRefs must not name the same twice"
	TargetRefs []PolicyTarget `json:"targetRefs,omitempty"`

	// What is set here counts for what the policy is for, where nothing more specific
	// says otherwise.
	Settings `json:",inline"`

	// filters act between the match and the back end, in the order of their types. The
	// objects that they name are in the namespace of the policy. One with a filter that
	// cannot be used makes what it is for answer 500.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Filters []Filter `json:"filters,omitempty"`
}

// PolicyTargetKind is a kind that a ProxyPolicy can be for.
//
// +kubebuilder:validation:Enum=Gateway;ListenerSet;HTTPRoute;GRPCRoute;Ingress;Service
type PolicyTargetKind string

// The kinds of a PolicyTarget.
const (
	// TargetGateway is a Gateway, or one of its listeners.
	TargetGateway PolicyTargetKind = "Gateway"
	// TargetListenerSet is a ListenerSet, or one of its listeners.
	TargetListenerSet PolicyTargetKind = "ListenerSet"
	// TargetHTTPRoute is an HTTPRoute, or one of its rules.
	TargetHTTPRoute PolicyTargetKind = "HTTPRoute"
	// TargetGRPCRoute is a GRPCRoute, or one of its rules.
	TargetGRPCRoute PolicyTargetKind = "GRPCRoute"
	// TargetIngress is an Ingress.
	TargetIngress PolicyTargetKind = "Ingress"
	// TargetService is a Service, or one of its ports.
	TargetService PolicyTargetKind = "Service"
)

// PolicyTarget is an object that a policy is for.
//
// +kubebuilder:validation:XValidation:rule="self.kind == 'Service' ? self.group.size() == 0 : self.group == (self.kind == 'Ingress' ? 'networking.k8s.io' : 'gateway.networking.k8s.io')",message="targetRefs.group must be that of targetRefs.kind"
// +kubebuilder:validation:XValidation:rule="self.kind != 'Ingress' || !has(self.sectionName)",message="targetRefs.sectionName must not be set for an Ingress"
type PolicyTarget struct {
	// group is gateway.networking.k8s.io, for an Ingress networking.k8s.io, for a Service "".
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group"`

	// kind is Gateway, ListenerSet, HTTPRoute, GRPCRoute, Ingress or Service. A policy for a Service counts
	// for each back end that this is, of all objects that Sluice serves; its limits count for
	// rules that have no other back end, all together.
	//
	// +required
	Kind PolicyTargetKind `json:"kind"`

	// name is the name of the object.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// sectionName is the name of a listener of the Gateway, of a rule of the route, or
	// of a port of the Service. Without it the policy is for the whole object.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SectionName string `json:"sectionName,omitempty"`
}
