package ir

import (
	"cmp"
	"reflect"
	"slices"
)

// Canonical sorts in place what has no order of its own, and makes empty
// slices nil, so that Configs of the same meaning are Equal and print alike. Routes
// of a host, filters of a route, backends of an action and certificates of a
// binding keep their order, which has a meaning.
func Canonical(c *Config) {
	sortBy(&c.Listeners, func(l Listener) string { return l.Name })
	for i := range c.Listeners {
		l := &c.Listeners[i]
		canonicalTLS(&l.TLS)
		sortBy(&l.Scopes, func(s Scope) string { return s.Host })
		sortBy(&l.Streams, func(s Stream) string { return s.Host })
		for j := range l.Streams {
			nilIfEmpty(&l.Streams[j].Backends)
		}
	}
	sortBy(&c.RouteSets, func(s RouteSet) string { return s.Name })
	for i := range c.RouteSets {
		sortBy(&c.RouteSets[i].Hosts, func(h Host) string { return h.Pattern })
		for j := range c.RouteSets[i].Hosts {
			h := &c.RouteSets[i].Hosts[j]
			nilIfEmpty(&h.Routes)
			for k := range h.Routes {
				canonicalRoute(&h.Routes[k])
			}
		}
	}
	sortBy(&c.Upstreams, func(u Upstream) string { return u.Key })
	for i := range c.Upstreams {
		h := &c.Upstreams[i].Health
		nilIfEmpty(&h.Passive.Statuses)
		nilIfEmpty(&h.Active.Expect)
		sortBy(&h.Active.Headers, func(f ProbeHeader) string { return f.Name })
	}
	for i := range c.Upstreams {
		nilIfEmpty(&c.Upstreams[i].TLS.Names)
		nilIfEmpty(&c.Upstreams[i].TLS.URIs)
		nilIfEmpty(&c.Upstreams[i].TLS.Policy.CipherSuites)
		slices.Sort(c.Upstreams[i].TLS.Policy.CipherSuites)
		nilIfEmpty(&c.Upstreams[i].TLS.Policy.Curves)
	}
	sortBy(&c.Certificates, func(c Certificate) string { return c.Name })
	for i := range c.Certificates {
		nilIfEmpty(&c.Certificates[i].Staple)
	}
}

func canonicalTLS(t *ListenerTLS) {
	sortBy(&t.Hosts, func(h TLSHost) string { return h.Host })
	for i := range t.Hosts {
		p := &t.Hosts[i].Policy
		nilIfEmpty(&p.CipherSuites)
		nilIfEmpty(&p.Curves)
		slices.Sort(p.CipherSuites)
		slices.Sort(p.Curves)
	}
	sortBy(&t.Bindings, func(b TLSBinding) string { return b.Host })
	for i := range t.Bindings {
		nilIfEmpty(&t.Bindings[i].Certificates)
	}
}

func canonicalRoute(r *Route) {
	sortBy(&r.Match.Headers, func(m ValueMatch) string { return m.Name })
	sortBy(&r.Match.Query, func(m ValueMatch) string { return m.Name })
	nilIfEmpty(&r.Filters)
	nilIfEmpty(&r.Retry.Statuses)
	nilIfEmpty(&r.Sources)
	if f, ok := r.Action.(*Forward); ok && f != nil {
		nilIfEmpty(&f.Backends)
		for i := range f.Backends {
			nilIfEmpty(&f.Backends[i].Filters)
		}
	}
}

// sortBy sorts stably, so that elements that break the rule of unique names
// still come out in the order in which they went in.
func sortBy[E any](s *[]E, key func(E) string) {
	nilIfEmpty(s)
	slices.SortStableFunc(*s, func(a, b E) int { return cmp.Compare(key(a), key(b)) })
}

func nilIfEmpty[E any](s *[]E) {
	if len(*s) == 0 {
		*s = nil
	}
}

// Equal says whether two Configs in canonical form are the same.
func Equal(a, b *Config) bool { return reflect.DeepEqual(a, b) }
