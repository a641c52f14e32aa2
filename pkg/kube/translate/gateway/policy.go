package gateway

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/policies"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// target is the Gateway as that of a ProxyPolicy.
func (g *gateway) target() policies.Target {
	return policies.Target{Kind: v1alpha1.TargetGateway, Name: g.name()}
}

// targets are the listener, and the ListenerSet that it is of, as those of ProxyPolicies.
func (l *listener) targets() []policies.Target {
	whole := l.gateway.target()
	if l.set != nil {
		whole = l.set.target()
	}
	own := whole
	own.Section = string(l.spec.Name)
	if l.set == nil {
		return []policies.Target{own}
	}
	return []policies.Target{own, whole}
}

// target is the ListenerSet as that of a ProxyPolicy.
func (s *listenerSet) target() policies.Target {
	return policies.Target{Kind: v1alpha1.TargetListenerSet, Name: snapshot.NameOf(s.object)}
}

// noteServed says which Gateways and ListenerSets are served, also where no route is.
func (t *translation) noteServed() {
	for _, g := range t.gateways {
		t.proxyPolicies.For(g.target())
		for _, set := range g.sets {
			t.proxyPolicies.For(set.target())
		}
	}
}

// target is the route, or one of its rules, as that of a ProxyPolicy.
func (r *route) target(section string) policies.Target {
	return policies.Target{Kind: v1alpha1.PolicyTargetKind(r.kind), Name: snapshot.NameOf(r.object), Section: section}
}

// extension is a filter that names an object.
type extension struct {
	ref *gatewayv1.LocalObjectReference
	at  resolve.Place
}

// govern finds the ProxyPolicies for a rule. What follows goes by them, until the next rule. Those
// that its filters name go before those that are attached.
func (b *ruleBuilder) govern(name *gatewayv1.SectionName, named []extension) {
	targets := []policies.Target{b.route.target("")}
	if name != nil && *name != "" {
		targets = []policies.Target{b.route.target(string(*name)), targets[0]}
	}
	if b.socket != nil {
		if b.listener != nil {
			targets = append(targets, b.listener.targets()...)
		}
		targets = append(targets, b.socket.gateway.target())
	}
	b.chain = b.proxyPolicies.For(targets...)
	b.broken = ""
	b.chain, b.missing = b.extend(b.chain, named)
}

// extend puts the policies that filters name in front of a chain. Where there is none of a
// name, it returns why what the filter is for must answer 500.
func (b *ruleBuilder) extend(chain policies.Chain, named []extension) (_ policies.Chain, missing string) {
	for i := len(named) - 1; i >= 0; i-- {
		e := named[i]
		name := types.NamespacedName{Namespace: e.at.Origin.Namespace, Name: string(e.ref.Name)}
		var problem fault
		if e.ref.Group != gatewayv1.Group(v1alpha1.GroupVersion.Group) || e.ref.Kind != policies.Kind {
			problem = fault{report.InvalidKind, fmt.Sprintf("the kind %q of %q is no filter, only ProxyPolicy of %q is", e.ref.Kind, e.ref.Group, v1alpha1.GroupVersion.Group)}
		} else if p := b.proxyPolicies.Named(name, b.route.target("")); p != nil {
			chain = chain.Behind(p)
			continue
		} else {
			problem = fault{report.BackendNotFound, fmt.Sprintf("the ProxyPolicy %q does not exist", name)}
		}
		b.Facts.Errorf(e.at.Origin, e.at.Field, problem.reason, "%s; the requests that it is for are answered 500", problem.message)
		b.out.resolved = b.out.resolved.or(problem)
		missing = problem.message
	}
	return chain, missing
}

// applyPolicies sets what the policies say of the rule as a whole. What the rule says itself comes
// after it.
func (b *ruleBuilder) applyPolicies(base *ir.Route, id string) {
	if broken := b.chain.Apply(base, b.route.id(id)); broken != "" {
		b.broken = broken
	}
}

// own drops the sources of settings that the rule has itself.
func own(base *ir.Route, names ...string) {
	kept := base.Sources[:0:0]
	for _, s := range base.Sources {
		taken := false
		for _, name := range names {
			taken = taken || s.Setting == name
		}
		if !taken {
			kept = append(kept, s)
		}
	}
	base.Sources = kept
}

// share lets policies choose and judge the endpoints of a back end of the rule.
func (b *ruleBuilder) share(key string, chain policies.Chain) string {
	if b.stream {
		return key
	}
	if u, found := b.Upstream(key); found && len(b.trafficPolicies) > 0 {
		service, _, _, _ := resolve.ParseServiceKey(u.Endpoints)
		if p := b.trafficPolicyFor(service, b.gateway()); p != nil {
			key = b.Constrained(key, p.constraint)
			b.sticky = cmp.Or(b.sticky, p.sticky)
		}
	}
	backend := b.proxyPolicies.Backend(key, nil, chain.Sources())
	b.sticky = cmp.Or(b.sticky, backend.Sticky)
	b.backends = append(b.backends, backend)
	return backend.Key
}

// complete finishes an entry with its filters and back ends: it gets the filters of
// policies, the limits of those for Services, and their choice by version. Where a policy is
// broken, it answers 500.
func (b *ruleBuilder) complete(e *entry, at resolve.Place) {
	broken := b.broken
	if broken == "" {
		broken = b.chain.Filter(&e.Route)
	}
	for _, backend := range b.backends {
		e.Sources = slices.Concat(e.Sources, backend.Sources)
		if problem := backend.Service.Limit(&e.Route, len(b.backends) == 1); broken == "" {
			broken = problem
		}
	}
	if forward, ok := e.Action.(*ir.Forward); ok && broken == "" && !b.version(&e.Route, forward, at) {
		broken = "the versions of the rule are invalid"
	}
	switch {
	case b.missing != "":
		broken = b.missing // It is reported.
	case broken == "":
		return
	default:
		b.Facts.Warnf(e.Origin, e.Field, report.Invalid, "%s, so its requests are answered 500", broken)
	}
	e.Filters, e.Action, e.Limits, e.Sources = nil, &ir.Respond{Status: 500, Reason: broken}, ir.Limits{}, nil
}

// version lets the rule choose among back ends with versions, where a policy says how.
func (b *ruleBuilder) version(route *ir.Route, forward *ir.Forward, at resolve.Place) bool {
	reader, found := b.chain.Versioning(route)
	if !found {
		return true
	}
	for i := range forward.Backends {
		if u, found := b.Upstream(forward.Backends[i].Upstream); found {
			forward.Backends[i].Version = b.ServiceVersion(u.Endpoints)
		}
	}
	return reader.Version(forward, at, "backendRefs")
}

// backendPolicies returns the filters of a back end with those of the policies that its own filters
// name, and why it must answer 500 where one of these cannot be used.
func (b *ruleBuilder) backendPolicies(named policies.Chain, filters backendFilters, at resolve.Place) (list []ir.Filter, broken string) {
	if named.Empty() {
		return filters.list, ""
	}
	carrier := ir.Route{Origin: at.Origin, Field: at.Field, Filters: filters.list, Match: ir.Match{Path: filters.match}}
	broken = named.Filter(&carrier)
	for _, name := range []string{"versioning", "timeouts", "retry", "bufferResponse", "limits"} {
		named.Unused(name, at)
	}
	return carrier.Filters, broken
}

// httpExtensions are the filters of a rule or back end that name an object.
func httpExtensions(list []gatewayv1.HTTPRouteFilter, at resolve.Place) []extension {
	var named []extension
	for i := range list {
		if f := &list[i]; f.Type == gatewayv1.HTTPRouteFilterExtensionRef && f.ExtensionRef != nil {
			named = append(named, extension{f.ExtensionRef, at.At(".filters" + index(i) + ".extensionRef")})
		}
	}
	return named
}

// grpcExtensions is httpExtensions for a GRPCRoute.
func grpcExtensions(list []gatewayv1.GRPCRouteFilter, at resolve.Place) []extension {
	var named []extension
	for i := range list {
		if f := &list[i]; f.Type == gatewayv1.GRPCRouteFilterExtensionRef && f.ExtensionRef != nil {
			named = append(named, extension{f.ExtensionRef, at.At(".filters" + index(i) + ".extensionRef")})
		}
	}
	return named
}
