package gateway

import (
	"cmp"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// stream is what a TLSRoute, TCPRoute or UDPRoute adds to a socket.
type stream struct {
	ir.Stream
	// own is the route's own host pattern.
	own  string
	from *route
}

// tlsRoutes begins all TLSRoutes.
func (t *translation) tlsRoutes() []*route {
	var all []*route
	for _, object := range t.Snapshot.TLSRoutes() {
		r := newRoute(kindTLSRoute, object, &object.Spec.CommonRouteSpec, &object.Status.RouteStatus)
		t.setHostnames(r, object.Spec.Hostnames)
		refs := refsOf(object.Spec.Rules, func(rule *gatewayv1.TLSRouteRule) []gatewayv1.BackendRef { return rule.BackendRefs })
		r.rules = func(f madeFor) rules { return t.streamRules(r, refs, f) }
		all = append(all, r)
	}
	return all
}

// tcpRoutes begins all TCPRoutes.
func (t *translation) tcpRoutes() []*route {
	var all []*route
	for _, object := range t.Snapshot.TCPRoutes() {
		r := newRoute(kindTCPRoute, object, &object.Spec.CommonRouteSpec, &object.Status.RouteStatus)
		refs := refsOf(object.Spec.Rules, func(rule *gatewayv1.TCPRouteRule) []gatewayv1.BackendRef { return rule.BackendRefs })
		r.rules = func(f madeFor) rules { return t.streamRules(r, refs, f) }
		all = append(all, r)
	}
	return all
}

// udpRoutes begins all UDPRoutes.
func (t *translation) udpRoutes() []*route {
	var all []*route
	for _, object := range t.Snapshot.UDPRoutes() {
		r := newRoute(kindUDPRoute, object, &object.Spec.CommonRouteSpec, &object.Status.RouteStatus)
		refs := refsOf(object.Spec.Rules, func(rule *gatewayv1.UDPRouteRule) []gatewayv1.BackendRef { return rule.BackendRefs })
		r.rules = func(f madeFor) rules { return t.streamRules(r, refs, f) }
		all = append(all, r)
	}
	return all
}

// refsOf returns the back ends of each rule.
func refsOf[R any](list []R, refs func(*R) []gatewayv1.BackendRef) [][]gatewayv1.BackendRef {
	all := make([][]gatewayv1.BackendRef, 0, len(list))
	for i := range list {
		all = append(all, refs(&list[i]))
	}
	return all
}

// streamRules makes a stream of the first rule: nothing could choose another one.
func (t *translation) streamRules(r *route, refs [][]gatewayv1.BackendRef, f madeFor) rules {
	b := &ruleBuilder{translation: t, route: r, socket: f.socket, stream: true, raw: f.passthrough}
	at := r.at("spec.rules[0]")
	timeouts := ir.Timeouts{Connect: t.Options.Timeouts.Connect, TunnelIdle: t.Options.Timeouts.TunnelIdle}
	if r.kind == kindUDPRoute {
		timeouts = ir.Timeouts{TunnelIdle: t.Options.Timeouts.Idle}
	}
	out := &stream{Stream: ir.Stream{ID: r.id("0"), Origin: r.origin, Field: at.Field, Timeouts: timeouts}}
	for i, rule := range refs {
		if i > 0 {
			b.drop(r.at("spec.rules"+index(i)), report.Unsupported, "nothing tells the connections of a second rule from those of the first")
			continue
		}
		for j := range rule {
			out.Backends = append(out.Backends, b.backend(&rule[j], backendFilters{}, at.At(".backendRefs"+index(j))))
		}
	}
	b.served++
	b.out.stream = out
	return b.finish()
}

// streamsOf returns the streams of a socket: of those with one host pattern the one whose
// own is more specific, then the oldest. The others are told.
func (t *translation) streamsOf(s *socket) []ir.Stream {
	slices.SortStableFunc(s.streams, func(a, b *stream) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), comparePatterns(a.own, b.own), byAge(a.from, b.from))
	})
	var out []ir.Stream
	var winner *stream
	for _, st := range s.streams {
		if owner := s.owner(st.Host); owner == nil || !owner.programmedFault().ok() {
			continue
		}
		if winner != nil && winner.Host == st.Host {
			t.Facts.Warnf(st.Origin, "spec", report.Conflict, "for %s at %s, the connections go to %s, which comes first", written(st.Host), s.name(), winner.Origin)
			continue
		}
		winner = st
		out = append(out, st.Stream)
	}
	return s.closed(out)
}

// closed adds an end to each listener that passes TLS on and is within a wider
// one, so that its connections do not fall to the other.
func (s *socket) closed(out []ir.Stream) []ir.Stream {
	for _, l := range s.listeners {
		if l.spec.Protocol != gatewayv1.TLSProtocolType || len(s.listeners) < 2 {
			continue
		}
		if slices.ContainsFunc(out, func(st ir.Stream) bool { return st.Host == l.hostname }) {
			continue
		}
		out = append(out, ir.Stream{ID: "listener/" + s.name() + "/" + l.hostname, Origin: l.at.Origin, Field: l.at.Field, Host: l.hostname})
	}
	slices.SortFunc(out, func(a, b ir.Stream) int { return cmp.Compare(a.Host, b.Host) })
	return out
}
