package upstream

import (
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// Constraint bounds how many further tries a pool gets over a time (ir.RetryConstraint), so that
// endpoints that fail for long do not get a multiple of the load. It may be used by many
// goroutines at once.
type Constraint struct {
	spec ir.RetryConstraint
	mu   sync.Mutex
	// requests and retries are those of spec.Window, latest are the retries of spec.MinInterval.
	requests, retries, latest window
}

// NewConstraint makes one that has counted nothing.
func NewConstraint(spec ir.RetryConstraint, now time.Time) *Constraint {
	c := &Constraint{spec: spec, requests: newWindow(spec.Window, now), retries: newWindow(spec.Window, now)}
	c.latest = newWindow(spec.MinInterval, now)
	return c
}

// Count counts a request, however often it is tried.
func (c *Constraint) Count(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests.add(now)
}

// Retry counts a further try and says whether it may be made; where it may not, nothing is counted.
func (c *Constraint) Retry(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	share := c.requests.count(now) * int64(c.spec.Percent) / 100
	if c.retries.count(now) >= share && c.latest.count(now) >= int64(c.spec.MinRetries) {
		return false
	}
	c.retries.add(now)
	c.latest.add(now)
	return true
}

// Constraint returns what bounds the retries of the pool, nil where nothing does.
func (p *Pool) Constraint() *Constraint { return p.constraint.Load() }

// constrainBy takes over what bounds retries. What was counted stays where that is the same.
// registry.mu is held, and p.spec is what was said before.
func (p *Pool) constrainBy(spec ir.RetryConstraint) {
	if spec == p.spec.RetryConstraint {
		return
	}
	if spec == (ir.RetryConstraint{}) {
		p.constraint.Store(nil)
		return
	}
	p.constraint.Store(NewConstraint(spec, time.Now()))
}

// parts divide a window.
const parts = 10

// window counts what happened within a time. It looks back over that time, and up to a tenth of it more.
type window struct {
	epoch time.Time
	width time.Duration
	// ring has the counts of parts by their number; newest is the number of the latest, and sum
	// that of all.
	ring   [parts + 1]int64
	newest int64
	sum    int64
}

func newWindow(length time.Duration, now time.Time) window {
	return window{epoch: now, width: max(length/parts, 1)}
}

func (w *window) add(now time.Time) {
	w.advance(now)
	w.ring[w.newest%int64(len(w.ring))]++
	w.sum++
}

func (w *window) count(now time.Time) int64 {
	w.advance(now)
	return w.sum
}

// advance forgets what is too long ago. Time that runs backwards stands still.
func (w *window) advance(now time.Time) {
	size := int64(len(w.ring))
	at := max(int64(now.Sub(w.epoch)/w.width), w.newest)
	for n := max(w.newest, at-size); n < at; {
		n++
		old := &w.ring[n%size]
		w.sum -= *old
		*old = 0
	}
	w.newest = at
}
