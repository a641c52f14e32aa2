package proxyroute

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

// limits returns the limits of a route: its own, else those of the object, of
// which each route has its own slots. False means that they are invalid, and
// then the route must not serve without them.
func (t *translation) limits(id string, route *v1alpha1.Route, at resolve.Place) (ir.Limits, bool) {
	spec, at := route.Limits, at.At(".limits")
	if spec == nil {
		spec, at = t.object.Spec.Limits, t.at("spec.limits")
	}
	if spec == nil {
		return ir.Limits{}, true
	}
	before := t.Facts.Len()
	out := ir.Limits{
		Key:       "proxyroute/" + t.object.Namespace + "/" + t.object.Name + "/" + id,
		MaxActive: int(spec.MaxActive),
	}
	if spec.MaxActive < 1 || spec.MaxActive > maxActive {
		t.refuseLimits(at.At(".maxActive"), "is not between 1 and 1,000,000")
	}
	if spec.Queue != nil {
		out.Queue = t.queue(spec.Queue, at.At(".queue"))
	}
	return out, t.Facts.Len() == before
}

func (t *translation) refuseLimits(at resolve.Place, problem string) {
	t.Facts.Errorf(at.Origin, at.Field, report.Invalid, "the value %s, so the requests that it is for are answered 500", problem)
}

func (t *translation) queue(q *v1alpha1.Queue, at resolve.Place) ir.Queue {
	out := ir.Queue{Length: int(q.Length)}
	if q.Length < 1 || q.Length > maxQueue {
		t.refuseLimits(at.At(".length"), "is not between 1 and 10,000")
	}
	var err error
	if out.Timeout, err = time.ParseDuration(cmp.Or(q.Timeout, defaultQueueTimeout)); err != nil || out.Timeout <= 0 {
		t.refuseLimits(at.At(".timeout"), "is no duration above 0")
	}
	switch q.Order {
	case v1alpha1.QueueFIFO, "":
	case v1alpha1.QueueLIFO:
		out.Order = ir.QueueLIFO
	default:
		t.refuseLimits(at.At(".order"), "is neither FIFO nor LIFO")
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
		t.refuseLimits(at.At(".fairBy"), "is neither ClientAddress nor Header with a name")
	}
	return out
}
