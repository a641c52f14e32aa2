package snapshot

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"
)

// GatewayControllerName is the spec.controllerName of the GatewayClasses that
// Sluice serves.
const GatewayControllerName gatewayv1.GatewayController = "sluice.dev/gateway-controller"

// gatewayObjects are the objects of the Gateway API, all but the classes by age.
type gatewayObjects struct {
	classes            []*gatewayv1.GatewayClass // by name
	gateways           []*gatewayv1.Gateway
	listenerSets       []*gatewayv1.ListenerSet
	httpRoutes         []*gatewayv1.HTTPRoute
	grpcRoutes         []*gatewayv1.GRPCRoute
	tlsRoutes          []*gatewayv1.TLSRoute
	tcpRoutes          []*gatewayv1.TCPRoute
	udpRoutes          []*gatewayv1.UDPRoute
	referenceGrants    []*gatewayv1.ReferenceGrant
	backendTLSPolicies []*gatewayv1.BackendTLSPolicy
	trafficPolicies    []*gatewayxv1.XBackendTrafficPolicy
}

// GatewayClasses returns all GatewayClasses by name, also those of other controllers.
func (s *Snapshot) GatewayClasses() []*gatewayv1.GatewayClass { return s.gateway.classes }

// Gateways returns all Gateways, the oldest first (ByAge), also those of other classes.
func (s *Snapshot) Gateways() []*gatewayv1.Gateway { return s.gateway.gateways }

// ListenerSets returns all ListenerSets, the oldest first.
func (s *Snapshot) ListenerSets() []*gatewayv1.ListenerSet { return s.gateway.listenerSets }

// HTTPRoutes returns all HTTPRoutes, the oldest first.
func (s *Snapshot) HTTPRoutes() []*gatewayv1.HTTPRoute { return s.gateway.httpRoutes }

// GRPCRoutes returns all GRPCRoutes, the oldest first.
func (s *Snapshot) GRPCRoutes() []*gatewayv1.GRPCRoute { return s.gateway.grpcRoutes }

// TLSRoutes returns all TLSRoutes, the oldest first.
func (s *Snapshot) TLSRoutes() []*gatewayv1.TLSRoute { return s.gateway.tlsRoutes }

// TCPRoutes returns all TCPRoutes, the oldest first.
func (s *Snapshot) TCPRoutes() []*gatewayv1.TCPRoute { return s.gateway.tcpRoutes }

// UDPRoutes returns all UDPRoutes, the oldest first.
func (s *Snapshot) UDPRoutes() []*gatewayv1.UDPRoute { return s.gateway.udpRoutes }

// BackendTLSPolicies returns all BackendTLSPolicies, the oldest first.
func (s *Snapshot) BackendTLSPolicies() []*gatewayv1.BackendTLSPolicy {
	return s.gateway.backendTLSPolicies
}

// XBackendTrafficPolicies returns all XBackendTrafficPolicies, the oldest first.
func (s *Snapshot) XBackendTrafficPolicies() []*gatewayxv1.XBackendTrafficPolicy {
	return s.gateway.trafficPolicies
}

// ReferenceGrants returns all ReferenceGrants, the oldest first.
func (s *Snapshot) ReferenceGrants() []*gatewayv1.ReferenceGrant { return s.gateway.referenceGrants }

// add keeps an object of one of the kinds.
func (g *gatewayObjects) add(object runtime.Object) bool {
	switch o := object.(type) {
	case *gatewayv1.GatewayClass:
		g.classes = append(g.classes, o)
	case *gatewayv1.Gateway:
		g.gateways = append(g.gateways, o)
	case *gatewayv1.ListenerSet:
		g.listenerSets = append(g.listenerSets, o)
	case *gatewayv1.HTTPRoute:
		g.httpRoutes = append(g.httpRoutes, o)
	case *gatewayv1.GRPCRoute:
		g.grpcRoutes = append(g.grpcRoutes, o)
	case *gatewayv1.TLSRoute:
		g.tlsRoutes = append(g.tlsRoutes, o)
	case *gatewayv1.TCPRoute:
		g.tcpRoutes = append(g.tcpRoutes, o)
	case *gatewayv1.UDPRoute:
		g.udpRoutes = append(g.udpRoutes, o)
	case *gatewayv1.ReferenceGrant:
		g.referenceGrants = append(g.referenceGrants, o)
	case *gatewayv1.BackendTLSPolicy:
		g.backendTLSPolicies = append(g.backendTLSPolicies, o)
	case *gatewayxv1.XBackendTrafficPolicy:
		g.trafficPolicies = append(g.trafficPolicies, o)
	default:
		return false
	}
	return true
}

// addList keeps the items of a list of one of the kinds, without copying them.
func (g *gatewayObjects) addList(object runtime.Object) bool {
	switch list := object.(type) {
	case *gatewayv1.GatewayClassList:
		g.classes = appendAddresses(g.classes, list.Items)
	case *gatewayv1.GatewayList:
		g.gateways = appendAddresses(g.gateways, list.Items)
	case *gatewayv1.ListenerSetList:
		g.listenerSets = appendAddresses(g.listenerSets, list.Items)
	case *gatewayv1.HTTPRouteList:
		g.httpRoutes = appendAddresses(g.httpRoutes, list.Items)
	case *gatewayv1.GRPCRouteList:
		g.grpcRoutes = appendAddresses(g.grpcRoutes, list.Items)
	case *gatewayv1.TLSRouteList:
		g.tlsRoutes = appendAddresses(g.tlsRoutes, list.Items)
	case *gatewayv1.TCPRouteList:
		g.tcpRoutes = appendAddresses(g.tcpRoutes, list.Items)
	case *gatewayv1.UDPRouteList:
		g.udpRoutes = appendAddresses(g.udpRoutes, list.Items)
	case *gatewayv1.ReferenceGrantList:
		g.referenceGrants = appendAddresses(g.referenceGrants, list.Items)
	case *gatewayv1.BackendTLSPolicyList:
		g.backendTLSPolicies = appendAddresses(g.backendTLSPolicies, list.Items)
	case *gatewayxv1.XBackendTrafficPolicyList:
		g.trafficPolicies = appendAddresses(g.trafficPolicies, list.Items)
	default:
		return false
	}
	return true
}

func (g *gatewayObjects) sort() {
	slices.SortFunc(g.classes, func(a, b *gatewayv1.GatewayClass) int { return cmp.Compare(a.Name, b.Name) })
	sortByAge(g.gateways)
	sortByAge(g.listenerSets)
	sortByAge(g.httpRoutes)
	sortByAge(g.grpcRoutes)
	sortByAge(g.tlsRoutes)
	sortByAge(g.tcpRoutes)
	sortByAge(g.udpRoutes)
	sortByAge(g.referenceGrants)
	sortByAge(g.backendTLSPolicies)
	sortByAge(g.trafficPolicies)
}

func sortByAge[T metav1.Object](list []T) {
	slices.SortFunc(list, func(a, b T) int { return ByAge(a, b) })
}
