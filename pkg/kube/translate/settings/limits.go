package settings

import (
	"cmp"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Bounds and defaults of the CRD.
const (
	maxActive           = 1_000_000
	maxQueue            = 10_000
	defaultQueueTimeout = "10s"
)

// Limits returns the limits of a route, whose slots are its own by the key. False means
// that they are invalid, and then the route must not serve without them.
func (r *Reader) Limits(key string) (ir.Limits, bool) {
	spec, at := first(r, ".limits", func(s *v1alpha1.Settings) *v1alpha1.Limits { return s.Limits })
	if spec == nil {
		return ir.Limits{}, true
	}
	before := r.Facts.Len()
	out := ir.Limits{Key: key, MaxActive: int(spec.MaxActive)}
	if spec.MaxActive < 1 || spec.MaxActive > maxActive {
		r.refuseLimits(at.At(".maxActive"), "is not between 1 and 1,000,000")
	}
	if spec.Queue != nil {
		out.Queue = r.queue(spec.Queue, at.At(".queue"))
	}
	return out, r.Facts.Len() == before
}

func (r *Reader) refuseLimits(at resolve.Place, problem string) {
	r.Facts.Errorf(at.Origin, at.Field, report.Invalid, "the value %s, so the requests that it is for are answered 500", problem)
}

func (r *Reader) queue(q *v1alpha1.Queue, at resolve.Place) ir.Queue {
	out := ir.Queue{Length: int(q.Length)}
	if q.Length < 1 || q.Length > maxQueue {
		r.refuseLimits(at.At(".length"), "is not between 1 and 10,000")
	}
	var err error
	if out.Timeout, err = time.ParseDuration(cmp.Or(q.Timeout, defaultQueueTimeout)); err != nil || out.Timeout <= 0 {
		r.refuseLimits(at.At(".timeout"), "is no duration above 0")
	}
	switch q.Order {
	case v1alpha1.QueueFIFO, "":
	case v1alpha1.QueueLIFO:
		out.Order = ir.QueueLIFO
	default:
		r.refuseLimits(at.At(".order"), "is neither FIFO nor LIFO")
	}
	if q.FairBy == nil {
		return out
	}
	switch f := q.FairBy; {
	case f.Source == v1alpha1.FairClientAddress && f.Name == "":
		out.FairBy = ir.FairClientAddress
	case f.Source == v1alpha1.FairHeader && f.Name != "":
		out.FairBy, out.FairHeader = ir.FairHeader, strings.ToLower(f.Name)
	default:
		r.refuseLimits(at.At(".fairBy"), "is neither ClientAddress nor Header with a name")
	}
	return out
}
