package settings

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Bounds and defaults of the CRD.
const (
	maxFailures       = 1000
	defaultFailures   = 5
	defaultEjectFor   = 30 * time.Second
	defaultMaxEjected = 50
	maxEjectFor       = 24 * time.Hour
)

// Health returns how the endpoints of back ends are judged. What is invalid is reported,
// and the field counts as not set.
func (r *Reader) Health() ir.Health {
	spec, at := first(r, ".health", func(s *v1alpha1.Settings) *v1alpha1.Health { return s.Health })
	var out ir.Health
	if spec == nil {
		return out
	}
	if spec.Passive != nil {
		out.Passive = r.passive(spec.Passive, at.At(".passive"))
	}
	if spec.Active != nil {
		out.Active = r.active(spec.Active, at.At(".active"))
	}
	if p := spec.PanicPercent; p < 0 || p > 100 {
		r.unset(at.At(".panicPercent"), "is not between 0 and 100")
	} else {
		out.PanicPercent = int(p)
	}
	return out
}

// unset reports a value that is as if it were not set.
func (r *Reader) unset(at resolve.Place, problem string) {
	r.Facts.Errorf(at.Origin, at.Field, report.Invalid, "the value %s, so it is as if it were not set", problem)
}

func (r *Reader) passive(spec *v1alpha1.PassiveHealth, at resolve.Place) ir.Passive {
	refuse := func(field, problem string) { r.unset(at.At(field), problem) }
	out := ir.Passive{Failures: defaultFailures, EjectFor: defaultEjectFor, MaxPercent: defaultMaxEjected}
	if n := spec.ConsecutiveFailures; n < 0 || n > maxFailures {
		refuse(".consecutiveFailures", "is not between 1 and 1000")
	} else if n > 0 {
		out.Failures = int(n)
	}
	r.duration(spec.EjectFor, &out.EjectFor, at.At(".ejectFor"))
	if out.EjectFor == 0 || out.EjectFor > maxEjectFor {
		refuse(".ejectFor", "is no time from above 0 to 24h")
		out.EjectFor = defaultEjectFor
	}
	if p := spec.MaxEjectedPercent; p < 0 || p > 100 {
		refuse(".maxEjectedPercent", "is not between 1 and 100")
	} else if p > 0 {
		out.MaxPercent = int(p)
	}
	for i, text := range spec.Statuses {
		statuses, ok := parseStatuses(string(text))
		if !ok {
			refuse(".statuses["+strconv.Itoa(i)+"]", "is neither a status nor a range of statuses")
			continue
		}
		out.Statuses = append(out.Statuses, statuses)
	}
	out.Statuses = mergeStatuses(out.Statuses)
	return out
}

// parseStatuses reads "503" or "500-599".
func parseStatuses(text string) (r ir.StatusRange, ok bool) {
	from, to, ranged := strings.Cut(text, "-")
	if !ranged {
		to = from
	}
	var err, err2 error
	r.From, err = strconv.Atoi(from)
	r.To, err2 = strconv.Atoi(to)
	return r, err == nil && err2 == nil && r.From >= 100 && r.From <= r.To && r.To <= 599
}

// mergeStatuses sorts ranges and joins those that overlap or touch.
func mergeStatuses(ranges []ir.StatusRange) (out []ir.StatusRange) {
	slices.SortFunc(ranges, func(a, b ir.StatusRange) int { return cmp.Compare(a.From, b.From) })
	for _, r := range ranges {
		if n := len(out); n > 0 && r.From <= out[n-1].To+1 {
			out[n-1].To = max(out[n-1].To, r.To)
			continue
		}
		out = append(out, r)
	}
	return out
}
