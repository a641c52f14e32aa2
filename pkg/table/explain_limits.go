package table

import (
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
)

// ExplainedLimits are the limits of a route at one moment.
type ExplainedLimits struct {
	// Limits are those that are written, as ir.Limits has them.
	Limits string `json:"limits"`
	// Key names who shares the slots.
	Key string `json:"key"`
	// Shared says that all replicas have the limits together (scope Cluster).
	Shared bool `json:"shared,omitempty"`
	// From is where they are written, nil where that is the route itself.
	From *ExplainedSource `json:"from,omitempty"`
	// Asked is what is written, and Here the part of this replica, nil where it has all of it.
	Asked ExplainedBounds  `json:"asked"`
	Here  *ExplainedBounds `json:"here,omitempty"`
	// Queue says how requests wait, nil where none does.
	Queue *ExplainedQueue `json:"queue,omitempty"`
	// Active and Waiting count requests.
	Active  int `json:"active"`
	Waiting int `json:"waiting"`
}

// ExplainedBounds are numbers of requests, 0 for no bound.
type ExplainedBounds struct {
	MaxActive   int `json:"maxActive,omitempty"`
	PerEndpoint int `json:"perEndpoint,omitempty"`
	QueueLength int `json:"queueLength,omitempty"`
}

// ExplainedQueue is how requests wait.
type ExplainedQueue struct {
	// Timeout is the longest wait.
	Timeout string `json:"timeout"`
	Order   string `json:"order"`
	// FairBy says what tells clients apart who are served in turn, such as "Header x-tenant"; empty for
	// nothing.
	FairBy string `json:"fairBy,omitempty"`
	// PriorityBy says what names the class of a request, empty where all are of one, and Classes
	// are those, the one that is served first first.
	PriorityBy string   `json:"priorityBy,omitempty"`
	Classes    []string `json:"classes,omitempty"`
}

// RateLimits returns the filters that bound the rate of the route's requests, as ir.Dump writes them.
func (r *Route) RateLimits() []string {
	var list []string
	for _, f := range r.spec.Filters {
		if rate, ok := f.(*ir.RateLimit); ok {
			list = append(list, ir.FilterString(rate))
		}
	}
	return list
}

// ExplainLimits returns nil for a route without limits.
func (r *Route) ExplainLimits() *ExplainedLimits {
	if r.Admission == nil {
		return nil
	}
	spec, stats := &r.spec.Limits, r.Admission.Limiter.Stats()
	e := &ExplainedLimits{Limits: spec.String(), Key: spec.Key, Shared: spec.Shared, Active: stats.Active, Waiting: stats.Waiting}
	for _, s := range r.spec.Sources {
		if s.Setting == "limits" {
			from := ExplainedSource(s)
			e.From = &from
		}
	}
	asked, here := r.Admission.Limiter.Limits()
	e.Asked = explainBounds(asked)
	if asked != here {
		part := explainBounds(here)
		e.Here = &part
	}
	if spec.Queue.Length > 0 {
		e.Queue = explainQueue(&spec.Queue)
	}
	return e
}

func explainBounds(l queue.Limits) ExplainedBounds {
	return ExplainedBounds{MaxActive: l.MaxActive, PerEndpoint: l.PerSeat, QueueLength: l.Length}
}

func explainQueue(q *ir.Queue) *ExplainedQueue {
	e := &ExplainedQueue{Timeout: q.Timeout.Round(time.Millisecond).String(), Order: q.Order.String()}
	if q.FairBy != ir.FairNone {
		e.FairBy = strings.TrimSpace(q.FairBy.String() + " " + q.FairHeader + q.FairClaim)
	}
	if q.PriorityClasses == "" {
		return e
	}
	e.Classes = strings.Split(q.PriorityClasses, ",")
	if e.PriorityBy = "Header " + q.PriorityHeader; q.PriorityExpression != "" {
		e.PriorityBy = "Expression " + q.PriorityExpression
	}
	return e
}
