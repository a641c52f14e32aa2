package upstream

import "sync/atomic"

// fewRetries may run at any time, whatever the budget is, so that an upstream with
// few requests has retries at all.
const fewRetries = 3

// Budget bounds how many of the requests to a pool are further tries at one
// moment, so that endpoints in trouble do not get a multiple of the load. It
// outlives tables, as the pool does.
type Budget struct {
	active, retries atomic.Int64
	// wanted says that some route has a budget, so that the requests of all are counted.
	wanted atomic.Bool
}

// Budget returns the pool's.
func (p *Pool) Budget() *Budget { return &p.budget }

// Begin counts a request until End, where the retries of some route are a share of all
// requests; with own those of this one's are. Where it says false nothing is counted, and
// End must not be called.
func (b *Budget) Begin(own bool) bool {
	if !b.wanted.Load() {
		if !own {
			return false
		}
		b.wanted.Store(true)
	}
	b.active.Add(1)
	return true
}

// End says that a request is over.
func (b *Budget) End() { b.active.Add(-1) }

// Retry counts a further try until RetryDone, and says whether percent of the
// requests allow it; where they do not nothing is counted.
func (b *Budget) Retry(percent int) bool {
	if n := b.retries.Add(1); n > max(fewRetries, b.active.Load()*int64(percent)/100) {
		b.retries.Add(-1)
		return false
	}
	return true
}

// RetryDone says that a further try is over.
func (b *Budget) RetryDone() { b.retries.Add(-1) }
