package settings

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/limit/class"
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
	shared, known := shared(r.Resolver, spec.Scope, at)
	before := r.Facts.Len()
	if !known {
		r.refuseLimits(at.At(".scope"), "is neither Replica nor Cluster")
	}
	out := ir.Limits{Shared: shared, Key: key, MaxActive: int(spec.MaxActive), PerEndpoint: int(spec.MaxActivePerEndpoint)}
	if spec.MaxActive < 0 || spec.MaxActive > maxActive {
		r.refuseLimits(at.At(".maxActive"), "is not between 1 and 1,000,000")
	}
	if spec.MaxActivePerEndpoint < 0 || spec.MaxActivePerEndpoint > maxActive {
		r.refuseLimits(at.At(".maxActivePerEndpoint"), "is not between 1 and 1,000,000")
	}
	if out.MaxActive == 0 && out.PerEndpoint == 0 {
		r.refuseLimits(at, "has neither maxActive nor maxActivePerEndpoint")
	}
	if spec.Queue != nil {
		out.Queue = r.queue(spec.Queue, at.At(".queue"))
	}
	return out, r.Facts.Len() == before
}

// shared returns whether all replicas share a limit, and false for a scope that is none.
func shared(r *resolve.Resolver, scope v1alpha1.LimitScope, at resolve.Place) (all, known bool) {
	switch scope {
	case v1alpha1.ScopeReplica, "":
		return false, true
	case v1alpha1.ScopeCluster:
		if r.Options.ReplicasUnknown {
			r.Facts.Warnf(at.Origin, at.Field+".scope", report.Unsupported, "without --pods-service the replicas are not counted, so that each has the whole limit")
		}
		return true, true
	}
	return false, false
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
	r.priority(q.Priority, &out, at.At(".priority"))
	if q.FairBy == nil {
		return out
	}
	switch f := q.FairBy; {
	case f.Source == v1alpha1.FairClientAddress && f.Name == "":
		out.FairBy = ir.FairClientAddress
	case f.Source == v1alpha1.FairHeader && f.Name != "":
		out.FairBy, out.FairHeader = ir.FairHeader, strings.ToLower(f.Name)
	case f.Source == v1alpha1.FairClaim && f.Name != "":
		out.FairBy, out.FairClaim = ir.FairClaim, f.Name
	default:
		r.refuseLimits(at.At(".fairBy"), "is neither ClientAddress nor Header or Claim with a name")
	}
	return out
}

// className is what a class of a priority may be called.
var className = regexp.MustCompile("^[A-Za-z0-9._-]+$")

func (r *Reader) priority(p *v1alpha1.Priority, out *ir.Queue, at resolve.Place) {
	if p == nil {
		return
	}
	switch {
	case (p.Header == "") == (p.Expression == ""):
		r.refuseLimits(at, "has both header and expression, or neither")
	case p.Header != "" && !token.MatchString(p.Header):
		r.refuseLimits(at.At(".header"), "is no name of a header field")
	case p.Expression != "":
		if _, err := class.Compile(p.Expression); err != nil {
			r.refuseLimits(at.At(".expression"), strings.Join(strings.Fields(err.Error()), " "))
		}
	}
	if len(p.Classes) == 0 || len(p.Classes) > ir.MaxClasses {
		r.refuseLimits(at.At(".classes"), "has not between 1 and 8 classes")
	}
	for i, c := range p.Classes {
		if !className.MatchString(c) {
			r.refuseLimits(at.At(".classes["+strconv.Itoa(i)+"]"), "is no word of letters, digits, '.', '_' and '-'")
		}
	}
	out.PriorityHeader, out.PriorityExpression = strings.ToLower(p.Header), p.Expression
	out.PriorityClasses = strings.Join(p.Classes, ",")
}
