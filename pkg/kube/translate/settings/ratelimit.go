package settings

import (
	"cmp"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

// maxRate is the bound of the CRD.
const maxRate = 1_000_000

// rateLimit returns the filter; the place in the object is the key of what it counts.
func (f *filters) rateLimit(s *v1alpha1.RateLimitFilter, at resolve.Place) ir.Filter {
	out := &ir.RateLimit{
		Key:      strings.ToLower(at.Origin.Kind) + "/" + at.Origin.Namespace + "/" + at.Origin.Name + "/" + at.Field,
		Requests: int(s.Requests), Burst: int(cmp.Or(s.Burst, s.Requests)), Header: strings.ToLower(s.Header), Claim: s.Claim,
	}
	if out.Requests < 1 || out.Requests > maxRate {
		f.refuse(at.At(".requests"), "%d is not between 1 and 1,000,000", s.Requests)
	}
	if out.Burst < 1 || out.Burst > maxRate {
		f.refuse(at.At(".burst"), "%d is not between 1 and 1,000,000", s.Burst)
	}
	switch s.Unit {
	case v1alpha1.RateSecond, "":
		out.Per = time.Second
	case v1alpha1.RateMinute:
		out.Per = time.Minute
	case v1alpha1.RateHour:
		out.Per = time.Hour
	default:
		f.refuse(at.At(".unit"), "%q is none of Second, Minute and Hour", s.Unit)
	}
	switch s.By {
	case v1alpha1.RateClientAddress, "":
		out.By = ir.RateByClientAddress
	case v1alpha1.RateHeader:
		out.By = ir.RateByHeader
	case v1alpha1.RateClaim:
		out.By = ir.RateByClaim
	case v1alpha1.RateRoute:
	default:
		f.refuse(at.At(".by"), "%q is none of ClientAddress, Header, Claim and Route", s.By)
	}
	var known bool
	if out.Shared, known = shared(f.Resolver, s.Scope, at); !known {
		f.refuse(at.At(".scope"), "%q is neither Replica nor Cluster", s.Scope)
	}
	if (out.By == ir.RateByHeader) != (out.Header != "") {
		f.refuse(at.At(".header"), "the header is missing, or there without need")
	}
	if (out.By == ir.RateByClaim) != (out.Claim != "") {
		f.refuse(at.At(".claim"), "the claim is missing, or there without need")
	}
	return out
}
