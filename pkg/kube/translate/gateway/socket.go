package gateway

import (
	"cmp"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// socketKey names a socket.
type socketKey struct {
	gateway *gateway
	port    portKey
}

// socket is a port of a Gateway, with the listeners that share it.
type socket struct {
	socketKey
	listeners []*listener
	hosts     map[string][]*entry
	streams   []*stream
}

// entry is a route of the model with what decides its precedence.
type entry struct {
	ir.Route
	// own is the route's own host pattern.
	own string
	// grpc orders the matches of GRPCRoutes.
	grpc grpcRank
	from *route
}

// socket returns the socket of a listener that is valid.
func (t *translation) socket(l *listener) *socket {
	key := socketKey{l.gateway, l.port()}
	s := t.sockets[key]
	if s == nil {
		s = &socket{socketKey: key, hosts: make(map[string][]*entry)}
		for _, other := range l.gateway.all() {
			if other.port() == key.port && other.acceptedFault().ok() {
				s.listeners = append(s.listeners, other)
			}
		}
		t.sockets[key] = s
	}
	return s
}

// name is that of the listener in the model, and of its set of routes.
func (s *socket) name() string {
	return s.gateway.name().String() + ":" + s.port.String()
}

// owner returns the listener that requests for a host pattern belong to.
func (s *socket) owner(host string) *listener {
	var best *listener
	for _, l := range s.listeners {
		if covers(l.hostname, host) && (best == nil || comparePatterns(l.hostname, best.hostname) < 0) {
			best = l
		}
	}
	return best
}

// add adds what a route has for one listener. Host patterns that belong to a more
// specific listener of the socket are left to that one.
func (s *socket) add(r *route, a *attachment, made rules) {
	for _, host := range a.hosts {
		if s.owner(host.pattern) != a.listener {
			continue
		}
		for i := range made.entries {
			e := made.entries[i]
			e.ID += "@" + s.name() + "/" + host.pattern
			e.own, e.from = host.own, r
			s.hosts[host.pattern] = append(s.hosts[host.pattern], &e)
		}
		if made.stream != nil {
			st := *made.stream
			st.listener, st.host, st.own, st.from = a.listener, host.pattern, host.own, r
			s.streams = append(s.streams, &st)
		}
	}
}

// compareEntries orders entries of one host by precedence. Age and order within a
// route are the order in which they were added.
func compareEntries(a, b *entry) int {
	byMatch := ir.CompareMatches(a.Match, b.Match)
	if a.from.kind == kindGRPCRoute && b.from.kind == kindGRPCRoute {
		byMatch = a.grpc.compare(b.grpc)
	}
	return cmp.Or(comparePatterns(a.own, b.own), byMatch, byAge(a.from, b.from))
}

// finish adds the listeners of all Gateways to the model.
func (t *translation) finish() {
	for _, g := range t.gateways {
		for _, key := range g.ports() {
			for _, l := range g.all() {
				if l.port() == key && l.programmedFault().ok() {
					t.open(t.socket(l))
					break
				}
			}
		}
	}
}

// open adds a socket to the model.
func (t *translation) open(s *socket) {
	first := s.listeners[0]
	if !first.http() {
		return
	}
	out := ir.Listener{
		Name:     s.name(),
		Origin:   s.gateway.origin,
		Port:     uint16(s.gateway.targets[s.port]),
		Protocol: ir.HTTP,
		RouteSet: s.name(),
	}
	out.PublicPort = uint16(s.port.number)
	if first.spec.Protocol == gatewayv1.HTTPSProtocolType {
		out.Protocol = ir.HTTPS
		out.TLS = s.tls()
	}
	t.listeners = append(t.listeners, out)
	t.routeSets = append(t.routeSets, s.routeSet())
}

// routeSet returns the routes of the socket. A listener within a wider one ends
// with 404, so that its requests do not fall through to the other's routes.
func (s *socket) routeSet() ir.RouteSet {
	set := ir.RouteSet{Name: s.name()}
	for _, l := range s.listeners {
		wider := func(o *listener) bool { return o != l && covers(o.hostname, l.hostname) }
		if l.http() && slices.ContainsFunc(s.listeners, wider) {
			s.hosts[l.hostname] = append(s.hosts[l.hostname], nil)
		}
	}
	for pattern, entries := range s.hosts {
		closed := slices.Contains(entries, nil)
		entries = slices.DeleteFunc(entries, func(e *entry) bool { return e == nil })
		slices.SortStableFunc(entries, compareEntries)
		host := ir.Host{Pattern: pattern, Routes: make([]ir.Route, 0, len(entries)+1)}
		for _, e := range entries {
			host.Routes = append(host.Routes, e.Route)
		}
		if closed {
			host.Routes = append(host.Routes, s.end(pattern))
		}
		set.Hosts = append(set.Hosts, host)
	}
	return set
}

// end is the last route of a listener.
func (s *socket) end(pattern string) ir.Route {
	l := s.owner(pattern)
	return ir.Route{
		ID:     "listener/" + s.name() + "/" + pattern,
		Origin: l.at.Origin,
		Field:  l.at.Field,
		Match:  ir.Match{Path: ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}},
		Action: &ir.Respond{Status: 404, Reason: "no route of the listener matches"},
	}
}

// tls returns which certificates the listeners of the socket answer with.
func (s *socket) tls() ir.ListenerTLS {
	var out ir.ListenerTLS
	for _, l := range s.listeners {
		var names []string
		for _, c := range l.certificates {
			if !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
		switch {
		case len(names) == 0:
		case l.hostname == "":
			out.Default = names[0]
		default:
			out.Bindings = append(out.Bindings, ir.TLSBinding{Host: l.hostname, Certificates: names})
		}
	}
	return out
}
