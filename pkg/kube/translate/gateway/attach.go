package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/report"
)

var errEmptyHostname = errors.New("is empty")

// attach finds the listeners that a route is attached to by each of its parentRefs.
// Those that name what is not ours are none of our business.
func (t *translation) attach(r *route) {
	for i := range r.refs {
		ref := &r.refs[i]
		if deref(ref.Group, gatewayv1.GroupName) != gatewayv1.GroupName {
			continue
		}
		p := &parent{ref: ref, at: r.at("spec.parentRefs" + index(i))}
		name := types.NamespacedName{Namespace: string(deref(ref.Namespace, gatewayv1.Namespace(r.object.GetNamespace()))), Name: string(ref.Name)}
		var candidates []*listener
		switch deref(ref.Kind, kindGateway) {
		case kindGateway:
			g := t.byName[name]
			if g == nil {
				continue
			}
			p.gateway, candidates = g, g.listeners
		case kindListenerSet:
			set := t.sets[name]
			if set == nil {
				continue
			}
			p.gateway, candidates = set.gateway, set.listeners
			if !set.refused.ok() {
				p.rejected = fault{report.NotAllowedByListeners, "the Gateway does not allow the ListenerSet"}
			}
		default:
			continue
		}
		r.parents = append(r.parents, p)
		if p.rejected.ok() {
			t.choose(r, p, candidates)
		}
	}
}

// choose fills in the listeners of one parent, or why there are none.
func (t *translation) choose(r *route, p *parent, candidates []*listener) {
	var named, allowed []*listener
	for _, l := range candidates {
		if (p.ref.SectionName == nil || *p.ref.SectionName == l.spec.Name) && (p.ref.Port == nil || *p.ref.Port == l.spec.Port) {
			named = append(named, l)
		}
	}
	if len(named) == 0 {
		p.rejected = fault{report.NoMatchingParent, p.describe() + " has no listener" + selection(p.ref)}
		return
	}
	why := ""
	for _, l := range named {
		if refused := t.refuses(l, r); refused != "" {
			why += "; " + refused
			continue
		}
		allowed = append(allowed, l)
	}
	if len(allowed) == 0 {
		p.rejected = fault{report.NotAllowedByListeners, strings.TrimPrefix(why, "; ")}
		return
	}
	taken := ""
	for _, l := range allowed {
		hosts := common(r.hostnames, l.hostname)
		if len(hosts) == 0 {
			continue
		}
		if winner := l.claim(r, hosts); winner != nil {
			taken += fmt.Sprintf("; %s has the same host names at %s already", winner.origin, l)
			continue
		}
		p.listeners = append(p.listeners, &attachment{l, hosts})
	}
	switch {
	case len(p.listeners) > 0:
	case taken != "":
		p.rejected = fault{report.Conflict, strings.TrimPrefix(taken, "; ")}
	default:
		p.rejected = fault{report.NoMatchingListenerHostname, "no listener of " + p.describe() + " has a host name in common with the route"}
	}
}

// describe names the parent.
func (p *parent) describe() string {
	return fmt.Sprintf("the %s %q", deref(p.ref.Kind, kindGateway), p.ref.Name)
}

// selection says which listeners a reference is about.
func selection(ref *gatewayv1.ParentReference) string {
	words := ""
	if ref.SectionName != nil {
		words += fmt.Sprintf(" %q", *ref.SectionName)
	}
	if ref.Port != nil {
		words += fmt.Sprintf(" of the port %d", *ref.Port)
	}
	return words
}

// refuses returns why a listener does not take a route, or "".
func (t *translation) refuses(l *listener, r *route) string {
	switch {
	case !l.conflict.ok() || len(l.kinds) == 0:
		return l.String() + " is not valid"
	case !slices.Contains(l.kinds, r.kind):
		return fmt.Sprintf("%s takes no %s", l, r.kind)
	}
	from, selector := gatewayv1.NamespacesFromSame, (*gatewayv1.RouteNamespaces)(nil)
	if l.spec.AllowedRoutes != nil && l.spec.AllowedRoutes.Namespaces != nil {
		selector = l.spec.AllowedRoutes.Namespaces
		from = deref(selector.From, gatewayv1.NamespacesFromSame)
	}
	namespace := r.object.GetNamespace()
	allowed := false
	if selector == nil {
		allowed = namespace == l.namespace()
	} else {
		allowed = t.allowsNamespace(from, selector.Selector, l.namespace(), namespace, l.at.At(".allowedRoutes.namespaces.selector"))
	}
	if !allowed {
		return fmt.Sprintf("%s takes no route of the namespace %q", l, namespace)
	}
	return ""
}

// common returns the host patterns that a route and a listener have in common,
// each once, with the most specific pattern of the route that it comes from.
func common(hostnames []string, listener string) []attachedHost {
	var hosts []attachedHost
	for _, own := range hostnames {
		both, some := intersect(own, listener)
		if !some {
			continue
		}
		i := slices.IndexFunc(hosts, func(h attachedHost) bool { return h.pattern == both })
		switch {
		case i < 0:
			hosts = append(hosts, attachedHost{both, own})
		case comparePatterns(own, hosts[i].own) < 0:
			hosts[i].own = own
		}
	}
	return hosts
}

// claim takes host patterns of the listener for a kind of route, unless an older route of the
// other kind of HTTP has one of them (GRPCRouteSpec.hostnames); then that is returned.
func (l *listener) claim(r *route, hosts []attachedHost) *route {
	if !l.http() {
		return nil
	}
	var winner *route
	for kind, claims := range l.claims {
		if kind == r.kind {
			continue
		}
		for claimed, by := range claims {
			if clashes(claimed, hosts) && (winner == nil || byAge(by, winner) < 0) {
				winner = by
			}
		}
	}
	if winner != nil {
		return winner
	}
	if l.claims == nil {
		l.claims = make(map[string]map[string]*route)
	}
	if l.claims[r.kind] == nil {
		l.claims[r.kind] = make(map[string]*route)
	}
	for _, h := range hosts {
		if l.claims[r.kind][h.pattern] == nil {
			l.claims[r.kind][h.pattern] = r
		}
	}
	return nil
}

func clashes(claimed string, hosts []attachedHost) bool {
	return slices.ContainsFunc(hosts, func(h attachedHost) bool {
		_, both := intersect(claimed, h.pattern)
		return both
	})
}
