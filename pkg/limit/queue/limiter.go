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
	// MaxActive is how many requests run at once; 0 means no bound.
	MaxActive int
	// PerSeat is how many run at once at one Seat; 0 means no bound.
	PerSeat int
	// Length is how many may wait; 0 means none.
	Length int
	// Timeout is the longest wait. It counts for requests that come after it was set.
	Timeout time.Duration
	// Order is the order among the requests of a client.
	Order Order
	// Shared says that all replicas of the process share the numbers above: each gets its part,
	// rounded down and at least 1.
	Shared bool
}

// of returns the part that one of several replicas has.
func (l Limits) of(replicas int) Limits {
	if !l.Shared || replicas <= 1 {
		return l
	}
	for _, n := range []*int{&l.MaxActive, &l.PerSeat, &l.Length} {
		if *n > 0 {
			*n = max(*n/replicas, 1)
		}
	}
	return l
}

// Request is a request for a slot.
type Request struct {
	// Client is whose turn it waits for.
	Client string
	// Class says which requests are served before it, and which behind it: below Classes. Higher ones
	// count as the last.
	Class int
	// Unclassed says that Class could not be computed. It only counts.
	Unclassed bool
	// Seats are what it chooses its Seat from; nil where Limits.PerSeat does not matter to it.
	Seats Seats
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
	// isFull is l.full, bound once.
	isFull func(Seat) bool
	// mu guards what follows.
	mu sync.Mutex
	// spec is what was asked for, limits the part of this replica.
	spec, limits Limits
	active       int
	// seats counts the requests that run by their seat.
	seats  map[Seat]int
	lines  lines
	counts counts
}

func newLimiter(key string, r *Registry) *Limiter {
	l := &Limiter{key: key, registry: r}
	l.isFull = l.full
	return l
}

// set changes the limits. What runs goes on; what waits keeps its place, and
// gets the slots that there are more of now.
func (l *Limiter) set(limits Limits, replicas int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spec, l.limits = limits, limits.of(replicas)
	l.grant()
}

// Limits returns the limits as they were asked for, and the part that counts here.
func (l *Limiter) Limits() (asked, here Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.spec, l.limits
}

// busy says that no more may run; mu is held.
func (l *Limiter) busy() bool { return l.limits.MaxActive > 0 && l.active >= l.limits.MaxActive }

// grant gives free slots to who waits; mu is held.
func (l *Limiter) grant() {
	for l.lines.count > 0 && !l.busy() {
		w := l.next()
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

// Try takes a slot, and a seat, if one is free and nobody waits for one.
func (l *Limiter) Try(r Request) (Seat, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.try(r)
}

func (l *Limiter) try(r Request) (Seat, bool) {
	if l.lines.count > 0 || l.busy() {
		return nil, false
	}
	seat, ok := l.take(r.Seats)
	if ok {
		l.active++
		l.counts.ended[Admitted]++
	}
	return seat, ok
}

// Leave gives a slot back, with the seat that came with it. It must be called once for each
// Admitted and each true of Try.
func (l *Limiter) Leave(seat Seat) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.active == 0 {
		panic("queue: a slot of " + l.key + " was given back twice")
	}
	l.active--
	l.leave(seat)
	l.grant()
}

// Enter takes a slot, and waits for one in the turn of the request's client if it must: for
// Limits.Timeout, for at most bound where that is not negative, and until gone is
// ready. Where a slot is granted at the moment in which the wait ends for another
// reason, the request has it.
func (l *Limiter) Enter(r Request, bound time.Duration, gone <-chan struct{}) (Seat, Outcome) {
	w, timeout := l.join(r)
	if timeout == 0 {
		return w.seat, w.outcome
	}
	outcome := waiting
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

// join takes a slot or a place to wait for as long as it returns, or is refused: then that
// is 0, and the outcome is there.
func (l *Limiter) join(r Request) (*waiter, time.Duration) {
	w := &waiter{outcome: Admitted, seats: r.Seats, class: min(max(r.Class, 0), Classes-1)}
	if r.Seats != nil {
		w.group = r.Seats.Group()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Unclassed {
		l.counts.unclassed++
	}
	var ok bool
	if w.seat, ok = l.try(r); ok {
		return w, 0
	}
	if l.lines.count >= l.limits.Length && !l.makeRoom(w.class, r.Client) {
		l.counts.ended[Full]++
		w.outcome = Full
		return w, 0
	}
	w.outcome, w.decided = waiting, make(chan struct{})
	l.lines.add(r.Client, w)
	l.grant() // Others may wait for other seats than it does.
	return w, max(l.limits.Timeout, 1)
}

// makeRoom takes the place of another request, if that is fair; mu is held.
func (l *Limiter) makeRoom(class int, client string) bool {
	if l.lines.count > l.limits.Length { // It was made shorter: first it has to empty.
		return false
	}
	out := l.lines.displace(class, client)
	if out == nil {
		return false
	}
	out.decide(Full)
	return true
}

// conclude ends a wait: with what was decided meanwhile, else with o.
func (l *Limiter) conclude(w *waiter, o Outcome, waited time.Duration) (Seat, Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.outcome == waiting {
		l.lines.remove(w)
		w.outcome = o
	}
	l.counts.ended[w.outcome]++
	l.counts.wait(waited)
	return w.seat, w.outcome
}
