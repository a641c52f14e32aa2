package table

import (
	"slices"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// maxExplained bounds how many routes of one host an Explanation lists.
const maxExplained = 50

// Explanation is why a listener serves a request as it does, as plain data.
// The choice of certificate is explained by certs.Listener.
type Explanation struct {
	// Listener and Protocol say where the request came in; RouteSet what is served there.
	Listener string `json:"listener"`
	Protocol string `json:"protocol"`
	RouteSet string `json:"routeSet"`
	// Stream is where the connection is passed on to, nil where HTTP is served. Then Backends count,
	// and nothing of the request but its host.
	Stream *ExplainedStream `json:"stream,omitempty"`
	// Hosts are those that match, in the order in which they were tried.
	Hosts []ExplainedHost `json:"hosts"`
	// NearHosts are patterns that do not match, though they are much like the host.
	NearHosts []string `json:"nearHosts,omitempty"`
	// Route is the one that serves, nil where none does: 404, or Answer.
	Route *ExplainedRoute `json:"route,omitempty"`
	// Filters are those of the route, in their order.
	Filters []string `json:"filters,omitempty"`
	// Policies are the parts of other objects that settings of the route come from.
	Policies []ExplainedSource `json:"policies,omitempty"`
	// Answer is what the route answers itself, without an upstream.
	Answer *ExplainedAnswer `json:"answer,omitempty"`
	// Limits are what bounds the requests of the route, nil where nothing does.
	Limits *ExplainedLimits `json:"limits,omitempty"`
	// Version is how the request's version chose among the backends, nil where
	// requests name none.
	Version *ExplainedVersion `json:"version,omitempty"`
	// Session is how the route keeps sessions, and what becomes of that of the request;
	// empty where it keeps none.
	Session string `json:"session,omitempty"`
	// Backends are what the route forwards to.
	Backends []ExplainedBackend `json:"backends,omitempty"`
}

// ExplainedHost is a host that was tried.
type ExplainedHost struct {
	// Pattern is "" for every host.
	Pattern string `json:"pattern"`
	// Routes are in order of precedence; Omitted counts those left out, the
	// least like the request.
	Routes  []ExplainedRoute `json:"routes"`
	Omitted int              `json:"omitted,omitempty"`
}

// ExplainedRoute is a route that was looked at.
type ExplainedRoute struct {
	ID     string        `json:"id"`
	Origin report.Origin `json:"origin"`
	Field  string        `json:"field,omitempty"`
	// Host is the pattern that it belongs to.
	Host string `json:"host"`
	// Match is its condition as ir.Dump writes it.
	Match string `json:"match"`
	// Verdict is "chosen", "mismatch", "shadowed" or "broken".
	Verdict string `json:"verdict"`
	// Reason says why, except for "chosen".
	Reason string `json:"reason,omitempty"`
}

// ExplainedSource is where a setting of a route comes from.
type ExplainedSource struct {
	Setting string        `json:"setting"`
	Origin  report.Origin `json:"origin"`
	Field   string        `json:"field"`
}

// ExplainedAnswer is an answer that Sluice gives itself.
type ExplainedAnswer struct {
	Status int    `json:"status"`
	Reason string `json:"reason"`
}

// ExplainedVersion is how a request's version was understood.
type ExplainedVersion struct {
	// Source and Name are where the request names it.
	Source string `json:"source"`
	Name   string `json:"name,omitempty"`
	// Asked is what the request names, empty for nothing.
	Asked string `json:"asked,omitempty"`
	// Default is what a request gets that names none.
	Default string `json:"default,omitempty"`
	// Served are the versions of the backends that serve the request.
	Served []string `json:"served,omitempty"`
	// Answer is what the request is answered with where no backend serves it.
	Answer *ExplainedAnswer `json:"answer,omitempty"`
}

// ExplainedBackend is one of several upstreams.
type ExplainedBackend struct {
	// Upstream is the key, empty where Answer counts.
	Upstream string `json:"upstream,omitempty"`
	// Endpoints is the key of the endpoint set.
	Endpoints string `json:"endpoints,omitempty"`
	// Balance is how an endpoint is chosen, Endpoint the one that it would be now, empty
	// where that is left to chance, and Choice says why.
	Balance  string `json:"balance,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	Choice   string `json:"choice,omitempty"`
	// Circuit is the state of the upstream's circuit, empty where it never opens.
	Circuit string `json:"circuit,omitempty"`
	// Weight of Total is this backend's share of the requests.
	Weight int `json:"weight"`
	Total  int `json:"total"`
	// Version is empty where requests name none.
	Version string `json:"version,omitempty"`
	// Filters are those of the backend alone, in their order.
	Filters []string `json:"filters,omitempty"`
	// Excluded says why the request does not go there, empty where it may.
	Excluded string `json:"excluded,omitempty"`
	// Answer is what this share of the requests is answered with, nil where the
	// upstream serves.
	Answer *ExplainedAnswer `json:"answer,omitempty"`
}

// Explain says what Find returns for a request and why. It is slow: it looks at
// every route of each host that it tries.
// Where the path is ambiguous, in.Path becomes the one that counts, as in FindSafely.
func (l *Listener) Explain(in *match.Input) Explanation {
	if s := l.Stream(in.Host); s != nil && l.ByServerName() {
		return l.explainStream(s, in)
	}
	_, ambiguous := l.FindSafely(in)
	routes, routeSet := l.routesOf(in.Host)
	found := routes.Explain(in, maxExplained)
	e := Explanation{
		Listener:  l.Name,
		Protocol:  l.Protocol.String(),
		RouteSet:  routeSet,
		NearHosts: found.Near,
	}
	for _, h := range found.Hosts {
		host := ExplainedHost{Pattern: h.Pattern, Omitted: h.Omitted}
		for _, r := range h.Routes {
			host.Routes = append(host.Routes, explainRoute(r.Payload, r.Verdict, r.Reason))
		}
		e.Hosts = append(e.Hosts, host)
	}
	if e.Answer = refusedMethod(in.Method, found.OK && found.Found.Connect); e.Answer != nil {
		return e
	}
	if ambiguous != nil {
		e.Answer = &ExplainedAnswer{Status: 400, Reason: ambiguous.Error() + ", which --ambiguous-paths pass allows"}
		return e
	}
	if found.OK {
		chosen := explainRoute(found.Found, match.Chosen, "")
		e.Route = &chosen
		l.explainAction(found.Found, in, &e)
	}
	return e
}

// refusedMethod is what the methods are answered that are not forwarded like others: nil for those that are.
func refusedMethod(method []byte, connects bool) *ExplainedAnswer {
	switch {
	case string(method) == "TRACE":
		return &ExplainedAnswer{Status: 405, Reason: "TRACE is never served"}
	case string(method) == "CONNECT" && !connects:
		return &ExplainedAnswer{Status: 501, Reason: "no route for CONNECT matches"}
	}
	return nil
}

func explainRoute(r *Route, v match.Verdict, reason string) ExplainedRoute {
	return ExplainedRoute{
		ID:      r.ID,
		Origin:  r.Origin,
		Field:   r.Field,
		Host:    r.Host,
		Match:   r.spec.Match.String(),
		Verdict: v.String(),
		Reason:  reason,
	}
}

// explainAction adds what becomes of a request that the route serves.
func (l *Listener) explainAction(r *Route, in *match.Input, e *Explanation) {
	for _, s := range r.spec.Sources {
		if s.Origin != r.Origin {
			e.Policies = append(e.Policies, ExplainedSource(s))
		}
	}
	if r.Respond != nil {
		e.Answer = &ExplainedAnswer{Status: r.Respond.Status, Reason: r.Respond.Reason}
	}
	// A broken route answers without its filters.
	if !r.Filters.Empty() || len(r.Copies)+len(r.Pages) > 0 {
		e.Filters = filterStrings(r.spec.Filters)
	}
	e.Limits = r.ExplainLimits()
	if r.choice != nil {
		l.explainBackends(r, in, e)
	}
}

// filterStrings writes filters as ir.Dump does.
func filterStrings(filters []ir.Filter) []string {
	var list []string
	for _, f := range filters {
		list = append(list, ir.FilterString(f))
	}
	return list
}

// explainBackends lists all backends as written, those without a share too.
func (l *Listener) explainBackends(r *Route, in *match.Input, e *Explanation) {
	spec := r.spec.Action.(*ir.Forward)
	chosen := r.choice
	if r.versions != nil {
		chosen = r.versions.of(in)
		e.Version = r.versions.explain(in, chosen)
	}
	if r.sticky != nil {
		e.Session = r.sticky.explain(in, chosen)
	}
	serves := func(b *ir.WeightedUpstream) bool {
		return r.versions == nil || slices.ContainsFunc(chosen.shares, func(s share) bool { return s.version != nil && s.version.Name == b.Version })
	}
	total := 0
	for i := range spec.Backends {
		if b := &spec.Backends[i]; !b.Unready && serves(b) {
			total += max(b.Weight, 0)
		}
	}
	shares := r.choice.shares
	for i := range spec.Backends {
		b := &spec.Backends[i]
		one := ExplainedBackend{Upstream: b.Upstream, Weight: b.Weight, Total: total, Version: b.Version}
		if u := l.upstreams[b.Upstream]; u != nil {
			one.Endpoints, one.Balance = u.Endpoints, u.Balance.String()
		}
		switch {
		case b.Unready:
			one.Excluded = "it is marked as not ready"
		case !serves(b):
			one.Excluded = "the version does not match"
		}
		// Only backends that are ready and have a weight have a share.
		if b.Weight > 0 && !b.Unready {
			one.Answer = shares[0].failure.explain()
			if pool := shares[0].pool; pool != nil {
				one.Endpoint, one.Choice = pool.Explain(shares[0].ask(in))
				one.Circuit, one.Filters = pool.Circuit(), filterStrings(b.Filters)
			}
			shares = shares[1:]
		}
		e.Backends = append(e.Backends, one)
	}
	if len(shares) > 0 {
		e.Backends = append(e.Backends, ExplainedBackend{Answer: shares[0].failure.explain()})
	}
}

func (v *versions) explain(in *match.Input, chosen *choice) *ExplainedVersion {
	e := &ExplainedVersion{
		Source:  v.spec.Source.String(),
		Name:    v.spec.Name,
		Asked:   string(v.wanted(in)),
		Default: v.spec.Default,
		Answer:  chosen.shares[0].failure.explain(),
	}
	for _, s := range chosen.shares {
		if s.version != nil && !slices.Contains(e.Served, s.version.Name) {
			e.Served = append(e.Served, s.version.Name)
		}
	}
	return e
}

// explain returns nil for no failure.
func (f *Failure) explain() *ExplainedAnswer {
	if f == nil {
		return nil
	}
	return &ExplainedAnswer{Status: f.Status, Reason: f.Reason}
}
