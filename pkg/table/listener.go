package table

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// Listener is one socket with the routes that it serves.
type Listener struct {
	Name     string
	Origin   report.Origin
	Port     uint16
	Protocol ir.Protocol
	// RouteSet names the set of routes, which other listeners may serve too.
	RouteSet string
}

// Find returns the route that serves the request, nil where there is none. It does not allocate.
func (l *Listener) Find(in *match.Input) *Route { return nil }
