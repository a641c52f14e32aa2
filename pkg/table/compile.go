package table

import (
	"cmp"
	"crypto/tls"
	"slices"

	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// Deps is what Compile takes parts from. All of it must be set.
type Deps struct {
	// Upstreams holds the pools, which outlive tables.
	Upstreams *upstream.Registry
	// Certs holds the parsed certificates and ticket keys, which outlive tables.
	Certs *certs.Registry
	// Queues holds the limiters, which outlive tables.
	Queues *queue.Registry
	// Filters makes an instance of a filter (pkg/filter/build). An error
	// breaks the route, not the table.
	Filters func(ir.Filter) (any, error)
}

// Compile makes a table. It is total: what is broken gets its own failing
// answer and a fact, its neighbours are served. A route whose condition cannot be
// understood matches nothing; a route whose filters or action cannot be made
// answers 500.
//
// The Config must not be changed afterwards: the table refers to it.
func Compile(cfg *ir.Config, d Deps) (*Table, *report.Set) {
	c := compiler{
		deps:      d,
		table:     &Table{byName: make(map[string]*Listener, len(cfg.Listeners)), pools: new(acquired)},
		facts:     &report.Set{},
		upstreams: make(map[string]*ir.Upstream, len(cfg.Upstreams)),
		pools:     make(map[string]*upstream.Pool, len(cfg.Upstreams)),
		limiters:  make(map[string]*queue.Limiter),
		sets:      make(map[string]*match.Matcher[*Route], len(cfg.RouteSets)),
	}
	for _, p := range ir.Problems(cfg) {
		c.facts.Errorf(p.Origin, p.Field, report.Internal, "%s", p.Error())
	}
	for i := range cfg.Upstreams {
		keepFirst(c.upstreams, cfg.Upstreams[i].Key, &cfg.Upstreams[i])
	}
	c.certificates = sortedCertificates(cfg.Certificates)
	for i := range cfg.RouteSets {
		if set := &cfg.RouteSets[i]; c.sets[set.Name] == nil {
			c.sets[set.Name] = c.routeSet(set)
		}
	}
	for i := range cfg.Listeners {
		c.listener(&cfg.Listeners[i], c.certificates)
	}
	slices.SortFunc(c.table.listeners, func(a, b *Listener) int { return cmp.Compare(a.Name, b.Name) })
	return c.table, c.facts
}

// compiler holds what one run of Compile has made so far.
type compiler struct {
	deps      Deps
	table     *Table
	facts     *report.Set
	upstreams map[string]*ir.Upstream
	pools     map[string]*upstream.Pool
	limiters  map[string]*queue.Limiter
	sets      map[string]*match.Matcher[*Route]
	// certificates are sorted by name.
	certificates []ir.Certificate
}

// listener adds a listener. Where a name or a route set is wrong, ir.Problems
// has reported it.
func (c *compiler) listener(spec *ir.Listener, certificates []ir.Certificate) {
	if c.table.byName[spec.Name] != nil {
		return
	}
	l := &Listener{
		Name:   spec.Name,
		Origin: spec.Origin,
		Port:   spec.Port,

		PublicPort: spec.PublicPort,
		Protocol:   spec.Protocol,
		RouteSet:   spec.RouteSet,
		routes:     c.sets[spec.RouteSet],
		upstreams:  c.upstreams,
	}
	l.scopes, l.streams = c.scopes(spec)
	switch spec.Protocol {
	case ir.HTTP, ir.TCP, ir.UDP:
	case ir.HTTPS, ir.TLS:
		var facts *report.Set
		l.TLS, facts = c.deps.Certs.Listener(spec.TLS, certificates)
		c.facts.Merge(facts)
	default:
		// What was to be served over something else must not be served in clear text.
		l.routes, l.scopes, l.streams = nil, nil, nil
	}
	if l.routes == nil {
		l.routes = nothing()
	}
	c.table.listeners = append(c.table.listeners, l)
	c.table.byName[l.Name] = l
}

// routeSet makes the matcher of a set, and reports the routes that it cannot index.
func (c *compiler) routeSet(set *ir.RouteSet) *match.Matcher[*Route] {
	hosts := make([]match.Host[*Route], len(set.Hosts))
	for i := range set.Hosts {
		hosts[i] = c.host(&set.Hosts[i])
	}
	matcher, faults := match.New(hosts)
	for _, f := range faults {
		routes := hosts[f.Host].Routes
		if f.Route >= 0 {
			routes = routes[f.Route : f.Route+1]
		}
		for _, r := range routes {
			c.facts.Errorf(r.Payload.Origin, r.Payload.Field, report.Invalid,
				"the %s cannot be matched, so that no request gets here: %v", f.Part, f.Err)
		}
	}
	return matcher
}

func (c *compiler) host(spec *ir.Host) match.Host[*Route] {
	h := match.Host[*Route]{Pattern: spec.Pattern, Routes: make([]match.Route[*Route], len(spec.Routes))}
	for i := range spec.Routes {
		h.Routes[i] = matchRoute(&spec.Routes[i].Match)
		h.Routes[i].Payload = c.route(spec.Pattern, &spec.Routes[i])
		c.checkHeaders(&spec.Routes[i])
	}
	return h
}

// pool returns the pool of an upstream, acquired once a table; false where the
// Config has no such upstream.
func (c *compiler) pool(key string) (*upstream.Pool, bool) {
	if p, ok := c.pools[key]; ok {
		return p, true
	}
	spec, ok := c.upstreams[key]
	if !ok {
		return nil, false
	}
	p := c.deps.Upstreams.AcquireAs(*spec, c.certificate(spec))
	c.pools[key] = p
	c.table.pools.list = append(c.table.pools.list, p)
	return p, true
}

// certificate returns what an upstream shows to endpoints that ask. Where it cannot be
// used, the endpoints refuse Sluice, and its Secret says why.
func (c *compiler) certificate(spec *ir.Upstream) *tls.Certificate {
	if spec.TLS.Certificate == "" || c.deps.Certs == nil {
		return nil
	}
	return c.deps.Certs.Certificate(spec.TLS.Certificate, c.certificates)
}

// sortedCertificates returns the certificates as certs.Registry.Listener asks for them.
func sortedCertificates(list []ir.Certificate) []ir.Certificate {
	byName := func(a, b ir.Certificate) int { return cmp.Compare(a.Name, b.Name) }
	if slices.IsSortedFunc(list, byName) {
		return list
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, byName)
	return list
}

func keepFirst[V any](m map[string]V, key string, v V) {
	if _, ok := m[key]; !ok {
		m[key] = v
	}
}
