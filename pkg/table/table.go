package table

import (
	"sync"
	"sync/atomic"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// Table is everything that is served at one moment, for all listeners.
type Table struct {
	listeners []*Listener
	byName    map[string]*Listener
	routes    []*Route
	pools     *acquired
}

// acquired are the pools and limiters that a table holds.
type acquired struct {
	once     sync.Once
	list     []*upstream.Pool
	limiters []*queue.Limiter
	filters  []filter.Releaser
	// watches end what watches pools.
	watches []func()
}

func (a *acquired) release() {
	a.once.Do(func() {
		for _, stop := range a.watches {
			stop()
		}
		for _, p := range a.list {
			p.Release()
		}
		for _, l := range a.limiters {
			l.Release()
		}
		for _, f := range a.filters {
			f.Release()
		}
	})
}

// Listener returns the listener of that name, nil where there is none.
func (t *Table) Listener(name string) *Listener { return t.byName[name] }

// Listeners returns all listeners, sorted by name; the slice is read-only.
func (t *Table) Listeners() []*Listener { return t.listeners }

// Routes returns all routes; Route.Index is the position. The slice is read-only.
func (t *Table) Routes() []*Route { return t.routes }

// Release gives back what Compile acquired. It must be called when no exchange
// holds the table any more; further calls do nothing.
func (t *Table) Release() { t.pools.release() }

// Releaser returns Release as a function that keeps nothing of the table alive
// but its pools and limiters, for those who call it later.
func (t *Table) Releaser() func() { return t.pools.release }

// Holder is the place where exchanges find the table. The zero value holds none.
type Holder struct{ current atomic.Pointer[Table] }

// Load returns the table that is served now, nil before the first Swap.
func (h *Holder) Load() *Table { return h.current.Load() }

// Swap makes t the table that is served and returns the one before, nil where
// there was none.
func (h *Holder) Swap(t *Table) (old *Table) { return h.current.Swap(t) }
