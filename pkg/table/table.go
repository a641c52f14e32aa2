package table

import (
	"sync/atomic"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Deps is what Compile takes parts from.
type Deps struct {
	// Filters makes an instance of a filter (pkg/filter/build.Build).
	Filters func(ir.Filter) (any, error)
}

// Compile makes a table. The Config must not be changed afterwards: the table
// refers to it.
func Compile(cfg *ir.Config, d Deps) (*Table, *report.Set) { return &Table{}, &report.Set{} }

// Table is everything that is served at one moment, for all listeners.
type Table struct {
	listeners []*Listener
	routes    []*Route
}

// Listener returns the listener of that name, nil where there is none.
func (t *Table) Listener(name string) *Listener { return nil }

// Listeners returns all listeners, sorted by name; the slice is read-only.
func (t *Table) Listeners() []*Listener { return t.listeners }

// Routes returns all routes; Route.Index is the position. The slice is read-only.
func (t *Table) Routes() []*Route { return t.routes }

// Release gives back what Compile acquired. It must be called once, when no
// exchange holds the table any more; further calls do nothing.
func (t *Table) Release() {}

// Holder is the place where exchanges find the table. The zero value holds none.
type Holder struct{ current atomic.Pointer[Table] }

// Load returns the table that is served now, nil before the first Swap.
func (h *Holder) Load() *Table { return h.current.Load() }

// Swap makes t the table that is served and returns the one before, nil where
// there was none.
func (h *Holder) Swap(t *Table) (old *Table) { return h.current.Swap(t) }
