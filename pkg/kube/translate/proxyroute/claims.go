package proxyroute

import (
	"slices"
	"strconv"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/translate/settings"
	"github.com/sluice-dev/sluice/pkg/report"
)

// warnOfClaims reports where clients of a route are told apart by a claim of tokens that none of its
// filters verifies: no claim counts then, so that all requests are one client's.
func (t *translation) warnOfClaims(route *v1alpha1.Route, limits *ir.Limits, filters []ir.Filter, reader *settings.Reader, at resolve.Place) {
	verifies := func(f ir.Filter) bool { _, ok := f.(*ir.JWT); return ok }
	if slices.ContainsFunc(filters, verifies) {
		return
	}
	warn := func(place resolve.Place, claim string) {
		t.Facts.Warnf(place.Origin, place.Field, report.Unsupported,
			"no filter JWT of %s verifies tokens, so the claim %q is never there and all requests are one client's", at.Field, claim)
	}
	if place, found := reader.From("limits"); found && limits.Queue.FairClaim != "" {
		warn(place.At(".queue.fairBy"), limits.Queue.FairClaim)
	}
	for i := range route.Filters {
		if r := route.Filters[i].RateLimit; r != nil && r.By == v1alpha1.RateClaim {
			warn(at.At(".filters["+strconv.Itoa(i)+"].rateLimit.claim"), r.Claim)
		}
	}
}
