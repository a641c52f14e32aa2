package settings

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// Bounds and defaults of the CRD.
const (
	maxBreakerRequests = 1_000_000
	maxHalfOpen        = 1000
	defaultWindow      = 10 * time.Second
	defaultOpenFor     = 5 * time.Second
)

// Breaker returns when the circuits to back ends open. What is invalid is reported, and the field
// counts as not set.
func (r *Reader) Breaker() ir.Breaker {
	spec, at := first(r, ".circuitBreaker", func(s *v1alpha1.Settings) *v1alpha1.CircuitBreaker { return s.CircuitBreaker })
	if spec == nil {
		return ir.Breaker{}
	}
	out := ir.Breaker{ErrorPercent: 50, MinRequests: 20, Window: defaultWindow, OpenFor: defaultOpenFor, HalfOpen: 3}
	for _, one := range []struct {
		field   string
		value   int32
		most    int32
		problem string
		into    *int
	}{
		{".errorPercent", spec.ErrorPercent, 100, "is not between 1 and 100", &out.ErrorPercent},
		{".minRequests", spec.MinRequests, maxBreakerRequests, "is not between 1 and 1,000,000", &out.MinRequests},
		{".halfOpenRequests", spec.HalfOpenRequests, maxHalfOpen, "is not between 1 and 1000", &out.HalfOpen},
	} {
		if one.value < 0 || one.value > one.most {
			r.unset(at.At(one.field), one.problem)
		} else if one.value > 0 {
			*one.into = int(one.value)
		}
	}
	r.duration(spec.Window, &out.Window, at.At(".window"))
	if out.Window == 0 {
		r.unset(at.At(".window"), "is no time")
		out.Window = defaultWindow
	}
	r.duration(spec.OpenFor, &out.OpenFor, at.At(".openFor"))
	if out.OpenFor == 0 {
		r.unset(at.At(".openFor"), "is no time")
		out.OpenFor = defaultOpenFor
	}
	return out
}
