package ir

import (
	"strings"

	"github.com/sluice-dev/sluice/pkg/report"
)

func (v *validator) hosts(hosts []Host) {
	for i := range hosts {
		v.ascending(i, func(i int) string { return hosts[i].Pattern })
		if !validPattern(hosts[i].Pattern) {
			v.problem("host %q is no host pattern", hosts[i].Pattern)
		}
	}
	// The routes last, since they change what v is at.
	for i := range hosts {
		for j := range hosts[i].Routes {
			v.route(&hosts[i].Routes[j])
		}
	}
}

func (v *validator) route(r *Route) {
	v.at(r.Origin, r.Field, "route", r.ID)
	v.check(r.ID != "", "the ID is empty")
	v.check(!v.routes[r.ID], "the ID is in use twice")
	v.routes[r.ID] = true
	v.match(&r.Match)
	v.filters(r.Filters)
	v.action(r.Action)
	t := r.Timeouts
	v.check(min(t.Connect, t.Request, t.BackendRequest, t.Idle, t.TunnelIdle) >= 0, "a timeout is negative")
	v.check(r.MaxBodyBytes >= 0, "the bound of the body is negative")
	v.check(min(r.BufferResponse.MemoryBytes, r.BufferResponse.DiskBytes) >= 0, "a bound of the response's buffer is negative")
	v.check(!r.Connect || r.Match.Method == "CONNECT" && !r.BufferRequest, "a route for CONNECT matches another method, or buffers requests")
	v.limits(r.Limits)
	for _, s := range r.Sources {
		v.check(s.Setting != "" && s.Origin != (report.Origin{}), "a source has no setting, or no object")
	}
	v.retry(&r.Retry)
}

func (v *validator) match(m *Match) {
	switch m.Path.Kind {
	case PathExact, PathPrefix:
		v.check(strings.HasPrefix(m.Path.Value, "/"), `the path does not begin with "/"`)
	case PathRegex:
		v.check(m.Path.Value != "", "the expression of the path is empty")
	default:
		v.problem("the kind of the path is unknown")
	}
	v.values("header", m.Headers)
	v.values("query parameter", m.Query)
	for _, h := range m.Headers {
		if h.Name != strings.ToLower(h.Name) {
			v.problem("header %q is not in lower case", h.Name)
		}
	}
}

func (v *validator) values(what string, list []ValueMatch) {
	for i, m := range list {
		v.ascending(i, func(i int) string { return list[i].Name })
		if m.Name == "" {
			v.problem("a %s has no name", what)
		}
		if m.Kind > ValuePresent {
			v.problem("the kind of %s %q is unknown", what, m.Name)
		}
		if m.Kind == ValuePresent && m.Value != "" {
			v.problem("%s %q only has to be present but has a value", what, m.Name)
		}
	}
}

func (v *validator) action(a Action) {
	switch a := a.(type) {
	case *Forward:
		if a == nil {
			v.problem("it has no action")
			return
		}
		for _, b := range a.Backends {
			v.backend(b)
		}
		v.versioning(a)
		v.sticky(a.Sticky)
	case *Respond:
		if a == nil {
			v.problem("it has no action")
			return
		}
		v.check(a.Status >= 200 && a.Status <= 599, "the status is not between 200 and 599")
	case nil:
		v.problem("it has no action")
	default:
		v.problem("the action is of the unknown type %T", a)
	}
}

// maxWeight is the highest weight that the Gateway API allows (HTTPBackendRef.weight).
const maxWeight = 1_000_000

func (v *validator) backend(b WeightedUpstream) {
	v.filters(b.Filters)
	v.check(b.Weight >= 0 && b.Weight <= maxWeight, "a weight is not between 0 and 1,000,000")
	if b.Upstream != "" {
		v.refer(v.upstreams, "upstream", b.Upstream)
		return
	}
	v.check(b.FailStatus == 500 || b.FailStatus == 503, "the status of a backend without upstream is neither 500 nor 503")
	v.check(b.FailReason != "", "a backend without upstream says no reason")
}

// validPattern says whether s can stand in Host.Pattern.
func validPattern(s string) bool {
	if s == "" {
		return true
	}
	name := s
	if rest, ok := strings.CutPrefix(s, "**."); ok {
		name = rest
	} else if label, rest, ok := strings.Cut(s, "."); ok && strings.Contains(label, "*") {
		// With a character in place of "*" it has to be a name.
		name = strings.Replace(label, "*", "x", 1) + "." + rest
	}
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
