package queue

import (
	"sync"
	"time"
)

// Order says which of a client's waiting requests is served first.
type Order uint8

const (
	// FIFO serves the one that has waited longest.
	FIFO Order = iota
	// LIFO serves the one that came last, whose client is the likeliest to still wait.
	LIFO
)

// Limits are what a Limiter holds to.
type Limits struct {
	// MaxActive is how many requests run at once, at least 1.
	MaxActive int
	// Length is how many may wait; 0 means none.
	Length int
	// Timeout is the longest wait. It counts for requests that come after it was set.
	Timeout time.Duration
	// Order is the order among the requests of a client.
	Order Order
}

// Outcome is what becomes of a request for a slot.
type Outcome uint8

const (
	// Admitted means that the request holds a slot, which Leave gives back.
	Admitted Outcome = iota
	// Full means that there was no room to wait, or none any more: another
	// client with fewer waiting requests came.
	Full
	// TimedOut means that the wait took too long.
	TimedOut
	// Gone means that the client did not wait any longer.
	Gone

	outcomes
	waiting
)

// Limiter bounds one route. Any goroutine may use it.
type Limiter struct {
	key      string
	registry *Registry

	// refs is guarded by the registry.
	refs int
	// mu guards what follows.
	mu     sync.Mutex
	limits Limits
	active int
	line   line
	counts counts
}

// set changes the limits. What runs goes on; what waits keeps its place, and
// gets the slots that there are more of now.
func (l *Limiter) set(limits Limits) {
	limits.MaxActive = max(limits.MaxActive, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits = limits
	l.grant()
}

// grant gives free slots to who waits; mu is held.
func (l *Limiter) grant() {
	for l.active < l.limits.MaxActive {
		w := l.line.take(l.limits.Order)
		if w == nil {
			return
		}
		l.active++
		w.decide(Admitted)
	}
}

// decide tells who waits; the limiter's lock is held.
func (w *waiter) decide(o Outcome) {
	w.outcome = o
	close(w.decided)
}

// Try takes a slot if one is free and nobody waits for it.
func (l *Limiter) Try() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.try()
}

func (l *Limiter) try() bool {
	if l.line.count > 0 || l.active >= l.limits.MaxActive {
		return false
	}
	l.active++
	l.counts.ended[Admitted]++
	return true
}

// Leave gives a slot back. It must be called once for each Admitted and each
// true of Try.
func (l *Limiter) Leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.active == 0 {
		panic("queue: a slot of " + l.key + " was given back twice")
	}
	l.active--
	l.grant()
}

// Enter takes a slot, and waits for one in the turn of client if it must: for
// Limits.Timeout, for at most bound where that is not negative, and until gone is
// ready. Where a slot is granted at the moment in which the wait ends for another
// reason, the request has it.
func (l *Limiter) Enter(client string, bound time.Duration, gone <-chan struct{}) Outcome {
	w, timeout, outcome := l.join(client)
	if outcome != waiting {
		return outcome
	}
	began := time.Now()
	if bound >= 0 {
		timeout = min(timeout, bound)
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-w.decided:
	case <-timer.C:
		outcome = TimedOut
	case <-gone:
		outcome = Gone
	}
	return l.conclude(w, outcome, time.Since(began))
}

// join takes a slot or a place to wait for as long as it returns, or is refused.
func (l *Limiter) join(client string) (*waiter, time.Duration, Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.try() {
		return nil, 0, Admitted
	}
	if l.line.count >= l.limits.Length && !l.makeRoom(client) {
		l.counts.ended[Full]++
		return nil, 0, Full
	}
	w := &waiter{outcome: waiting, decided: make(chan struct{})}
	l.line.add(client, w)
	return w, l.limits.Timeout, waiting
}

// makeRoom takes the place of another client's request, if that is fair; mu is held.
func (l *Limiter) makeRoom(client string) bool {
	if l.line.count > l.limits.Length { // It was made shorter: first it has to empty.
		return false
	}
	out := l.line.displace(client)
	if out == nil {
		return false
	}
	out.decide(Full)
	return true
}

// conclude ends a wait: with what was decided meanwhile, else with o.
func (l *Limiter) conclude(w *waiter, o Outcome, waited time.Duration) Outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.outcome == waiting {
		l.line.remove(w)
		w.outcome = o
	}
	l.counts.ended[w.outcome]++
	l.counts.wait(waited)
	return w.outcome
}
