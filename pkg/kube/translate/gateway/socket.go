package gateway

import (
	"cmp"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
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
			st.ID += "@" + s.name() + "/" + host.pattern
			st.Host, st.Terminate = host.pattern, a.terminates()
			st.own, st.from = host.own, r
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
	out := ir.Listener{
		Name:       s.name(),
		Origin:     s.gateway.origin,
		Port:       uint16(s.gateway.targets[s.port]),
		PublicPort: uint16(s.port.number),
		Protocol:   s.protocol(),
		TLS:        s.tls(),
		Streams:    t.streamsOf(s),
	}
	out.HTTP3Port, out.HTTP3 = t.http3Port(s)
	for _, l := range s.listeners {
		if l.http() {
			set := t.routeSet(s, l)
			out.Scopes = append(out.Scopes, ir.Scope{Host: l.hostname, RouteSet: set.Name})
			t.routeSets = append(t.routeSets, set)
		}
	}
	slices.SortFunc(out.Scopes, func(a, b ir.Scope) int { return cmp.Compare(a.Host, b.Host) })
	t.listeners = append(t.listeners, out)
}

// protocol is HTTPS where any of the listeners that share the port speaks it.
func (s *socket) protocol() ir.Protocol {
	protocol := ir.TLS
	for _, l := range s.listeners {
		switch l.spec.Protocol {
		case gatewayv1.HTTPProtocolType:
			return ir.HTTP
		case gatewayv1.HTTPSProtocolType:
			return ir.HTTPS
		case gatewayv1.TCPProtocolType:
			return ir.TCP
		case gatewayv1.UDPProtocolType:
			return ir.UDP
		}
	}
	return protocol
}

// routeSet returns the routes of a listener. One that does not serve, for want of a
// certificate, has none: its requests must not fall to a wider one's routes.
func (t *translation) routeSet(s *socket, l *listener) ir.RouteSet {
	set := ir.RouteSet{Name: s.name() + "/" + string(l.spec.Name)}
	if l.set != nil {
		set.Name = s.name() + "/" + snapshot.NameOf(l.set.object).String() + "/" + string(l.spec.Name)
	}
	if !l.programmedFault().ok() {
		return set
	}
	for pattern, entries := range s.hosts {
		if s.owner(pattern) != l {
			continue
		}
		slices.SortStableFunc(entries, compareEntries)
		t.reportShadowed(entries)
		host := ir.Host{Pattern: pattern, Routes: make([]ir.Route, 0, len(entries))}
		for _, e := range entries {
			host.Routes = append(host.Routes, e.Route)
		}
		set.Hosts = append(set.Hosts, host)
	}
	return set
}

// tls returns which certificates the listeners of the socket answer with.
func (s *socket) tls() ir.ListenerTLS {
	var out ir.ListenerTLS
	for _, l := range s.listeners {
		if l.client != (ir.ClientAuth{}) {
			out.Client = l.client // It is that of the port, so all have the same.
		}
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
			out.Bindings = append(out.Bindings, s.named(l)...)
		default:
			out.Bindings = append(out.Bindings, ir.TLSBinding{Host: l.hostname, Certificates: names})
		}
	}
	out.Hosts = s.tlsHosts()
	slices.SortFunc(out.Bindings, func(a, b ir.TLSBinding) int { return cmp.Compare(a.Host, b.Host) })
	return out
}

// named returns bindings for the names that the certificates behind the first one of a listener
// for all hosts cover, so that each serves its own. Names of other listeners are theirs.
func (s *socket) named(l *listener) []ir.TLSBinding {
	var out []ir.TLSBinding
	if len(l.certificates) < 2 {
		return nil
	}
	for _, c := range l.certificates {
		for _, name := range c.Names() {
			i := slices.IndexFunc(out, func(b ir.TLSBinding) bool { return b.Host == name })
			switch {
			case s.owner(name) != l:
			case i < 0:
				out = append(out, ir.TLSBinding{Host: name, Certificates: []string{c.Name}})
			case !slices.Contains(out[i].Certificates, c.Name):
				out[i].Certificates = append(out[i].Certificates, c.Name)
			}
		}
	}
	return out
}

// reportShadowed tells of matches that never get a request, as an equal one stands
// before them.
func (t *translation) reportShadowed(entries []*entry) {
	if len(entries) < 2 {
		return
	}
	first := make(map[string]*entry, len(entries))
	for _, e := range entries {
		match := e.Match.String()
		if winner := first[match]; winner != nil {
			t.Facts.Warnf(e.Origin, e.Field, report.Conflict, "%s is served by %s (%s), which comes first", e.Match, winner.Origin, winner.Field)
			continue
		}
		first[match] = e
	}
}
