package settings

import (
	"slices"
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Bounds and defaults of the CRD.
const (
	maxAttempts     = 100
	defaultAttempts = 2
	defaultBudget   = 20
)

// Timeouts returns the timeouts of a route: each is that of the most specific source that
// has it, else the default. What is invalid is reported and counts as not set.
func (r *Reader) Timeouts() ir.Timeouts {
	out := r.Options.Timeouts
	for _, source := range slices.Backward(r.Sources) {
		spec, at := source.Timeouts, source.At.At(".timeouts")
		if spec == nil {
			continue
		}
		for _, one := range []struct {
			name, value string
			into        *time.Duration
		}{
			{".connect", spec.Connect, &out.Connect},
			{".request", spec.Request, &out.Request},
			{".backendRequest", spec.BackendRequest, &out.BackendRequest},
			{".idle", spec.Idle, &out.Idle},
			{".tunnelIdle", spec.TunnelIdle, &out.TunnelIdle},
		} {
			r.duration(one.value, one.into, at.At(one.name))
		}
		if spec.Request != "" && spec.BackendRequest != "" && out.Request > 0 && out.BackendRequest > out.Request {
			r.Facts.Warnf(at.Origin, at.Field+".backendRequest", report.Invalid, "%q is longer than timeouts.request, so it never counts", spec.BackendRequest)
		}
	}
	return out
}

// duration reads a duration that may be missing; one that is invalid changes nothing.
func (r *Reader) duration(value string, into *time.Duration, at resolve.Place) {
	if value == "" {
		return
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		r.Facts.Errorf(at.Origin, at.Field, report.Invalid, "%q is no duration, such as 10s, so it is as if it were not set", value)
		return
	}
	*into = d
}

// Retry returns when a route's requests are tried again; the zero value is as Sluice does
// by itself.
func (r *Reader) Retry() ir.Retry {
	spec, at := first(r, ".retry", func(s *v1alpha1.Settings) *v1alpha1.Retry { return s.Retry })
	if spec == nil {
		return ir.Retry{}
	}
	refuse := func(field, problem string) {
		r.Facts.Errorf(at.Origin, at.Field+field, report.Invalid, "the value %s, so it is as if it were not set", problem)
	}
	out := ir.Retry{Own: true, Attempts: defaultAttempts, BudgetPercent: defaultBudget}
	if spec.Attempts != nil {
		if out.Attempts = int(*spec.Attempts); out.Attempts < 0 || out.Attempts > maxAttempts {
			refuse(".attempts", "is not between 0 and 100")
			out.Attempts = defaultAttempts
		}
	}
	if p := spec.BudgetPercent; p < 0 || p > 100 {
		refuse(".budgetPercent", "is not between 1 and 100")
	} else if p > 0 {
		out.BudgetPercent = int(p)
	}
	r.duration(spec.PerTryTimeout, &out.PerTry, at.At(".perTryTimeout"))
	r.duration(spec.Within, &out.Within, at.At(".within"))
	r.duration(spec.Backoff, &out.Backoff, at.At(".backoff"))
	if len(spec.When) == 0 {
		out.OnConnect, out.OnReset = true, true
	}
	for i, condition := range spec.When {
		switch condition {
		case v1alpha1.RetryConnectFailure:
			out.OnConnect = true
		case v1alpha1.RetryReset:
			out.OnReset = true
		case v1alpha1.RetryTimeout:
			out.OnTimeout = true
		default:
			status, err := strconv.Atoi(string(condition))
			if err != nil || status < 400 || status > 599 {
				refuse(".when["+strconv.Itoa(i)+"]", "is none of connect-failure, reset, timeout and a status from 400 to 599")
				continue
			}
			out.Statuses = append(out.Statuses, status)
		}
	}
	slices.Sort(out.Statuses)
	out.Statuses = slices.Compact(out.Statuses)
	return out
}
