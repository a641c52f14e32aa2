package gateway

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// defaultAttempts is how many retries a rule has that asks for them and does not
// say how many.
const defaultAttempts = 1

// retry returns when requests of a rule are tried again: after the statuses that it
// names, and after failures and timeouts of a try (HTTPRouteRetry).
func (b *ruleBuilder) retry(spec *gatewayv1.HTTPRouteRetry, at resolve.Place) ir.Retry {
	if spec == nil {
		return ir.Retry{}
	}
	out := ir.Retry{Own: true, Attempts: deref(spec.Attempts, defaultAttempts), OnConnect: true, OnReset: true, OnTimeout: true}
	if out.Attempts < 0 {
		b.Facts.Errorf(at.Origin, at.Field+".attempts", report.Unsupported, "%d is negative, so nothing is tried again", out.Attempts)
		out.Attempts = 0
	}
	for i, code := range spec.Codes {
		if code < 400 || code > 599 {
			b.Facts.Errorf(at.Origin, at.Field+".codes"+index(i), report.Unsupported, "the status %d is not between 400 and 599, so it does not count", code)
			continue
		}
		out.Statuses = append(out.Statuses, int(code))
	}
	slices.Sort(out.Statuses)
	out.Statuses = slices.Compact(out.Statuses)
	if d, said := b.duration(spec.Backoff, at.At(".backoff")); said {
		out.Backoff = d
	}
	return out
}
