package policies

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/translate/settings"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Backend is what settings come to for a back end.
type Backend struct {
	// Key is that of its upstream.
	Key string
	// Sticky is how sessions keep to its endpoints.
	Sticky ir.Sticky
	// Service are the policies for its Service.
	Service Chain
	// Sources are the policies that settings come from.
	Sources []ir.Source
}

// Backend returns the back end whose upstream is like that of a key, but chooses and judges
// endpoints as policies for its Service and other settings say: first are those that go
// before the policies, last those behind them.
func (s *Set) Backend(key string, first, last []settings.Source) Backend {
	out := Backend{Key: key, Service: Chain{set: s}}
	u, found := s.Upstream(key)
	if !found {
		return out
	}
	if name, port, protocol, ok := resolve.ParseServiceKey(u.Endpoints); ok && protocol == corev1.ProtocolTCP {
		out.Service = s.Service(name, port)
	}
	reader := &settings.Reader{Resolver: s.Resolver, Sources: slices.Concat(first, out.Service.Sources(), last)}
	if _, found := reader.From("balance"); found {
		var balance ir.Balance
		balance, out.Sticky = reader.Balance()
		out.Key = s.Balanced(out.Key, balance)
		note(&out.Sources, reader, "balance", "balance of "+u.Endpoints)
	}
	if _, found := reader.From("health"); found {
		out.Key = s.Watched(out.Key, reader.Health())
		note(&out.Sources, reader, "health", "health of "+u.Endpoints)
	}
	if _, found := reader.From("circuitBreaker"); found {
		out.Key = s.Broken(out.Key, reader.Breaker())
		note(&out.Sources, reader, "circuitBreaker", "circuit breaker of "+u.Endpoints)
	}
	return out
}

// Limit sets the limits that policies for the Service of a back end have, unless the route has
// some that go before. They bound all routes that have no other back end together; a
// route with several has no place for them, which is reported. Where they cannot be, it
// returns why; then the route must not serve.
func (c Chain) Limit(route *ir.Route, alone bool) (broken string) {
	reader := c.Reader()
	at, found := reader.From("limits")
	switch {
	case !found:
		return ""
	case !alone:
		c.set.Facts.Warnf(at.Origin, at.Field, report.Unsupported, "%s (%s) has several back ends, so the limits do not count there", route.Origin, route.Field)
		return ""
	}
	limits, sound := reader.Limits(policyID(at.Origin))
	if !sound {
		return "the limits of " + at.Origin.String() + " are invalid"
	}
	route.Limits = limits
	route.Sources = slices.DeleteFunc(slices.Clone(route.Sources), func(s ir.Source) bool { return s.Setting == "limits" })
	note(&route.Sources, reader, "limits", "limits")
	return ""
}
