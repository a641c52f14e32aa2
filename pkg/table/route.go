package table

import (
	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// Route is what is done with the requests that it matches. It never changes.
type Route struct {
	// ID is ir.Route.ID: stable across tables, for metrics and logs.
	ID string
	// Index is the route's position in Table.Routes, for what is kept per route of one table.
	Index int
	// Origin and Field say which part of which object wrote the route.
	Origin report.Origin
	Field  string
	// Host is the pattern of the host that the route belongs to.
	Host string
	// Filters is empty where Respond is the answer of a broken route.
	Filters filter.Chain
	// Respond is the answer of a route without upstreams, nil where Choose decides.
	Respond *ir.Respond
	// Timeouts bound the phases; 0 means no bound.
	Timeouts ir.Timeouts
	// MaxBodyBytes bounds the request body; 0 means no bound.
	MaxBodyBytes int64
	// Admission bounds what Choose is called for at once, nil where nothing does.
	Admission *Admission

	choice *choice
	spec   *ir.Route
}

// Failure is the answer for a share of the requests that no upstream serves.
type Failure struct {
	// Status is 500 or 503.
	Status int
	// Reason says why, for the log and `explain`.
	Reason string
}

// Choose returns the upstream of the next request by weight, or the failure
// that it is answered with; exactly one of the two is not nil. It must not be
// called where Respond is set. It does not allocate or block, and of as many
// requests as the weights add up to (in lowest terms) each backend gets exactly its share.
func (r *Route) Choose() (*upstream.Pool, *Failure) {
	s := r.choice.next()
	return s.pool, s.failure
}
