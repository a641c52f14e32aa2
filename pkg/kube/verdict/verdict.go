package verdict

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Set is the verdicts of one translation. A nil *Set is an empty one.
type Set struct {
	// Classes are the GatewayClasses that name our controller, by name.
	Classes []Class
	// Gateways are those of our classes, the oldest first.
	Gateways []Gateway
	// ListenerSets are those that name one of these Gateways, the oldest first.
	ListenerSets []ListenerSet
	// Routes are all routes of all five kinds, also those that no Gateway of ours
	// has anything to do with: by kind, then the oldest first.
	Routes []Route
	// Policies are all policies of all kinds: by kind, then the oldest first.
	Policies []Policy
}

// Class is a GatewayClass.
type Class struct {
	Object *gatewayv1.GatewayClass
	// Conditions are Accepted alone.
	Conditions []metav1.Condition
}

// Gateway is a Gateway.
type Gateway struct {
	Object *gatewayv1.Gateway
	// Class is its GatewayClass.
	Class *gatewayv1.GatewayClass
	// Conditions are Accepted, Programmed and ResolvedRefs, and while it holds
	// InsecureFrontendValidationMode. What is known only once the Gateway's
	// Service has addresses is not in them: they speak of the objects alone, so
	// that Programmed is true here where everything but the address is in place,
	// and Accepted where everything but spec.addresses and
	// spec.infrastructure is in order.
	Conditions []metav1.Condition
	// Listeners are in the order of the spec.
	Listeners []gatewayv1.ListenerStatus
	// AttachedListenerSets counts the ListenerSets that are accepted.
	AttachedListenerSets int32
	// Ports are what the Gateway's Service has to offer, sorted by Number and
	// Protocol: those of its own listeners and of its ListenerSets', each once.
	// Without one the Gateway needs no Service.
	Ports []Port
}

// Port is a port of a Gateway's Service.
type Port struct {
	// Number is the port that clients connect to (Listener.port).
	Number int32
	// Protocol is TCP or UDP.
	Protocol corev1.Protocol
	// Target is the port that the proxy binds for it in each Pod, the same in all
	// of them. It stays as long as the Gateway's Service says it (see GatewayLabel).
	Target int32
}

// ListenerSet is a ListenerSet.
type ListenerSet struct {
	Object *gatewayv1.ListenerSet
	// Gateway is the Gateway that it names.
	Gateway *gatewayv1.Gateway
	// Conditions are Accepted and Programmed. They speak as those of a Gateway do.
	Conditions []metav1.Condition
	// Listeners are in the order of the spec.
	Listeners []gatewayv1.ListenerEntryStatus
}

// Object is an HTTPRoute, GRPCRoute, TLSRoute, TCPRoute or UDPRoute, or a policy.
type Object interface {
	metav1.Object
	runtime.Object
}

// Route is a route of any kind.
type Route struct {
	// Kind is one of the five.
	Kind   string
	Object Object
	// Status is the status of the object as the snapshot has it.
	Status *gatewayv1.RouteStatus
	// Parents are our own entries of status.parents, in the order of
	// spec.parentRefs. Where there is none, those that the object has of ours go.
	Parents []gatewayv1.RouteParentStatus
}

// Policy is a BackendTLSPolicy, an XBackendTrafficPolicy or a ProxyPolicy.
type Policy struct {
	// Kind is one of these.
	Kind   string
	Object Object
	// Ancestors are our own entries of status.ancestors, sorted. Where there is none,
	// those that the object has of ours go.
	Ancestors []gatewayv1.PolicyAncestorStatus
}

// Labels by which the Service of a Gateway is found in the Gateway's namespace. The
// target ports of such a Service are kept from one translation to the next.
const (
	// GatewayLabel holds the name of the Gateway, or where that is longer than a
	// label may be, a name made from it (GatewayLabelValue).
	GatewayLabel = "gateway.networking.k8s.io/gateway-name"
	// ManagedLabel marks the Services that Sluice made; its value is ManagedValue.
	ManagedLabel = "app.kubernetes.io/managed-by"
	ManagedValue = "sluice"
)
