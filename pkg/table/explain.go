package table

import (
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
	// Hosts are those that match, in the order in which they were tried.
	Hosts []ExplainedHost `json:"hosts"`
	// NearHosts are patterns that do not match, though they are much like the host.
	NearHosts []string `json:"nearHosts,omitempty"`
	// Route is the one that serves, nil where none does: 404.
	Route *ExplainedRoute `json:"route,omitempty"`
	// Filters are those of the route, in their order.
	Filters []string `json:"filters,omitempty"`
	// Answer is what the route answers itself, without an upstream.
	Answer *ExplainedAnswer `json:"answer,omitempty"`
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

// ExplainedAnswer is an answer that Sluice gives itself.
type ExplainedAnswer struct {
	Status int    `json:"status"`
	Reason string `json:"reason"`
}

// ExplainedBackend is one of several upstreams.
type ExplainedBackend struct {
	// Upstream is the key, empty where Answer counts.
	Upstream string `json:"upstream,omitempty"`
	// Endpoints is the key of the endpoint set.
	Endpoints string `json:"endpoints,omitempty"`
	// Weight of Total is this backend's share of the requests.
	Weight int `json:"weight"`
	Total  int `json:"total"`
	// Answer is what this share of the requests is answered with, nil where the
	// upstream serves.
	Answer *ExplainedAnswer `json:"answer,omitempty"`
}

// Explain says what Find returns for a request and why. It is slow: it looks at
// every route of each host that it tries.
func (l *Listener) Explain(in *match.Input) Explanation {
	found := l.routes.Explain(in, maxExplained)
	e := Explanation{
		Listener:  l.Name,
		Protocol:  l.Protocol.String(),
		RouteSet:  l.RouteSet,
		NearHosts: found.Near,
	}
	for _, h := range found.Hosts {
		host := ExplainedHost{Pattern: h.Pattern, Omitted: h.Omitted}
		for _, r := range h.Routes {
			host.Routes = append(host.Routes, explainRoute(r.Payload, r.Verdict, r.Reason))
		}
		e.Hosts = append(e.Hosts, host)
	}
	if found.OK {
		chosen := explainRoute(found.Found, match.Chosen, "")
		e.Route = &chosen
		l.explainAction(found.Found, &e)
	}
	return e
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
func (l *Listener) explainAction(r *Route, e *Explanation) {
	if r.Respond != nil {
		e.Answer = &ExplainedAnswer{Status: r.Respond.Status, Reason: r.Respond.Reason}
	}
	// A broken route answers without its filters.
	if len(r.Filters.RequestHead)+len(r.Filters.ResponseHead) > 0 {
		for _, f := range r.spec.Filters {
			e.Filters = append(e.Filters, ir.FilterString(f))
		}
	}
	if r.choice != nil {
		e.Backends = l.explainBackends(r.choice, r.spec.Action.(*ir.Forward))
	}
}

// explainBackends lists all backends as written, those without a weight too.
func (l *Listener) explainBackends(c *choice, spec *ir.Forward) []ExplainedBackend {
	total := 0
	for _, b := range spec.Backends {
		total += max(b.Weight, 0)
	}
	var list []ExplainedBackend
	shares := c.shares
	for _, b := range spec.Backends {
		e := ExplainedBackend{Upstream: b.Upstream, Weight: b.Weight, Total: total}
		if u := l.upstreams[b.Upstream]; u != nil {
			e.Endpoints = u.Endpoints
		}
		// Only backends with a weight have a share.
		if b.Weight > 0 {
			e.Answer = shares[0].failure.explain()
			shares = shares[1:]
		}
		list = append(list, e)
	}
	if total == 0 {
		list = append(list, ExplainedBackend{Answer: shares[0].failure.explain()})
	}
	return list
}

// explain returns nil for no failure.
func (f *Failure) explain() *ExplainedAnswer {
	if f == nil {
		return nil
	}
	return &ExplainedAnswer{Status: f.Status, Reason: f.Reason}
}
