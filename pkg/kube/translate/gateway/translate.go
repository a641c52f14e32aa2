package gateway

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/policies"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

// Result is what the objects of the Gateway API add to the model.
type Result struct {
	// Listeners and RouteSets name one another, and by name the upstreams and
	// certificates that the Resolver has.
	Listeners []ir.Listener
	RouteSets []ir.RouteSet
	Verdicts  *verdict.Set
}

// Translate translates all objects of the Gateway API.
func Translate(r *resolve.Resolver, set *policies.Set) Result {
	t := &translation{
		Resolver:      r,
		proxyPolicies: set,
		verdicts:      &verdict.Set{},
		byName:        make(map[types.NamespacedName]*gateway),
		sets:          make(map[types.NamespacedName]*listenerSet),
		sockets:       make(map[socketKey]*socket),
		policyOf:      make(map[policyTarget]*policy),
		trafficOf:     make(map[types.NamespacedName]*trafficPolicy),
		usedBy:        make(map[types.NamespacedName]map[*gateway]bool),
	}
	t.readPolicies()
	t.readTrafficPolicies()
	t.readGateways()
	t.readListenerSets()
	t.noteServed()
	for _, g := range t.gateways {
		t.readFrontend(g)
		t.findConflicts(g)
	}
	t.allocate()
	t.routes()
	t.gatewayVerdicts()
	t.listenerSetVerdicts()
	t.policyVerdicts()
	t.trafficVerdicts()
	t.finish()
	t.share()
	return Result{Listeners: t.listeners, RouteSets: t.routeSets, Verdicts: t.verdicts}
}

// translation is one translation.
type translation struct {
	*resolve.Resolver
	proxyPolicies *policies.Set
	verdicts      *verdict.Set
	// gateways are ours, the oldest first.
	gateways []*gateway
	byName   map[types.NamespacedName]*gateway
	// sets are the ListenerSets that name one of them.
	sets     map[types.NamespacedName]*listenerSet
	setOrder []*listenerSet
	sockets  map[socketKey]*socket
	policies []*policy // the oldest first
	policyOf map[policyTarget]*policy
	// trafficPolicies are the XBackendTrafficPolicies, the oldest first.
	trafficPolicies []*trafficPolicy
	trafficOf       map[types.NamespacedName]*trafficPolicy
	// usedBy are the Gateways whose routes name a Service.
	usedBy map[types.NamespacedName]map[*gateway]bool
	// madeServices are the Services of Gateways, nil before they are asked for.
	madeServices map[gatewayService]*corev1.Service

	listeners []ir.Listener
	routeSets []ir.RouteSet
}
