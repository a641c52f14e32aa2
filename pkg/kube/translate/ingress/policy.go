package ingress

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// govern applies ProxyPolicies to a route: those for the object, and those for the Service that it
// leads to. Where one of them cannot be, the route answers 500.
func (t *translation) govern(route *ir.Route) {
	timeouts, retry, kept := route.Timeouts, route.Retry, route.BufferResponse
	broken := t.chain.Apply(route, route.ID)
	settle(route, timeouts, retry, kept)
	if broken == "" {
		broken = t.chain.Filter(route)
	}
	if forward, ok := route.Action.(*ir.Forward); ok {
		copied := *forward // Routes of several hosts share it.
		copied.Backends = append([]ir.WeightedUpstream(nil), forward.Backends...)
		for i := range copied.Backends {
			share := &copied.Backends[i]
			backend := t.policies.Backend(share.Upstream, nil, t.chain.Sources())
			share.Upstream = backend.Key
			route.Sources = append(route.Sources, backend.Sources...)
			if copied.Sticky == (ir.Sticky{}) {
				copied.Sticky = backend.Sticky
			}
			if problem := backend.Service.Limit(route, len(copied.Backends) == 1); broken == "" {
				broken = problem
			}
		}
		route.Action = &copied
	}
	if broken == "" {
		return
	}
	t.Facts.Warnf(t.origin, route.Field, report.Invalid, "%s, so its requests are answered 500", broken)
	route.Filters, route.Limits, route.Sources, route.Action = nil, ir.Limits{}, nil, &ir.Respond{Status: 500, Reason: broken}
}
