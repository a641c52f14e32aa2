package breaker

import (
	"sync"
	"time"
)

// Policy is when a breaker opens and closes. All fields are at least 1.
type Policy struct {
	// ErrorPercent is how many of the requests in the window have failed at least, up to 100.
	ErrorPercent int
	// MinRequests is how many requests ended in the window at least.
	MinRequests int
	// Window is the time that is looked back. It moves on by a tenth of itself.
	Window time.Duration
	// OpenFor is for how long it is open.
	OpenFor time.Duration
	// HalfOpen is how many requests pass then.
	HalfOpen int
}

// State is what a breaker does with requests.
type State uint8

const (
	// Closed lets all pass.
	Closed State = iota
	// Open lets none pass.
	Open
	// HalfOpen lets a few pass.
	HalfOpen
)

// States are all of them.
var States = [...]State{Closed, Open, HalfOpen}

// String returns the state in lower case.
func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case Open:
		return "open"
	case HalfOpen:
		return "half-open"
	}
	return "unknown"
}

// Outcome is how a request ended.
type Outcome uint8

const (
	// Unknown says nothing about the upstream, such as that the client went away.
	Unknown Outcome = iota
	// Good is a response that is no error.
	Good
	// Failed is an error of the upstream, or no response.
	Failed
)

// Ticket is the right to send a request; it goes back by End.
type Ticket uint64

// slots divide the window.
const slots = 10

// slot counts the requests that ended in a part of the window.
type slot struct{ all, failed int }

// Breaker is one circuit. New makes it.
type Breaker struct {
	policy Policy
	// epoch is when it was made; times count from there.
	epoch time.Time
	// width is the time of a slot.
	width time.Duration

	mu    sync.Mutex
	state State
	// era counts changes of the state; tickets of earlier ones are void.
	era Ticket
	// until is when it stops to be open.
	until time.Time
	// ring has the slots by their number modulo slots; newest is the number of the latest, and sum
	// what all of them count.
	ring   [slots]slot
	newest int64
	sum    slot
	// asking are the requests under way that passed half-open, well are those that ended well.
	asking, well int
	// tripped is what sum was when it opened.
	tripped slot
	// opened and refused count since it was made.
	opened, refused uint64
}

// New makes a closed breaker.
func New(p Policy, now time.Time) *Breaker {
	return &Breaker{policy: p, epoch: now, width: max(p.Window/slots, 1), era: 1}
}

// Begin says whether a request may be sent. If so, End must be called with the ticket; if not, wait
// is after what time another may be sent.
func (b *Breaker) Begin(now time.Time) (t Ticket, wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == Open {
		if left := b.until.Sub(now); left > 0 {
			b.refused++
			return 0, left, false
		}
		b.enter(HalfOpen)
	}
	if b.state == HalfOpen {
		if b.asking+b.well >= b.policy.HalfOpen {
			b.refused++
			return 0, 0, false
		}
		b.asking++
	}
	return b.era, 0, true
}

// End says how the request of a ticket ended.
func (b *Breaker) End(t Ticket, o Outcome, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t != b.era {
		return
	}
	switch b.state {
	case Closed:
		if o != Unknown {
			b.count(o == Failed, now)
		}
	case HalfOpen:
		b.asking--
		switch o {
		case Failed:
			b.tripped = slot{b.well + 1, 1}
			b.open(now)
		case Good:
			if b.well++; b.well >= b.policy.HalfOpen {
				b.enter(Closed)
			}
		case Unknown:
		}
	case Open:
	}
}

// count adds a request to the window, and opens the circuit where that makes too many failures.
// b.mu is held.
func (b *Breaker) count(failed bool, now time.Time) {
	b.advance(now)
	s := &b.ring[b.newest%slots]
	s.all++
	b.sum.all++
	if failed {
		s.failed++
		b.sum.failed++
	}
	if b.sum.all >= b.policy.MinRequests && b.sum.failed*100 >= b.policy.ErrorPercent*b.sum.all {
		b.tripped = b.sum
		b.open(now)
	}
}

// advance moves the window on. b.mu is held.
func (b *Breaker) advance(now time.Time) {
	at := max(int64(now.Sub(b.epoch)/b.width), b.newest)
	for n := max(b.newest, at-slots); n < at; {
		n++
		old := &b.ring[n%slots]
		b.sum.all -= old.all
		b.sum.failed -= old.failed
		*old = slot{}
	}
	b.newest = at
}

// open opens the circuit. b.mu is held.
func (b *Breaker) open(now time.Time) {
	b.enter(Open)
	b.until = now.Add(b.policy.OpenFor)
	b.opened++
}

// enter changes the state. b.mu is held.
func (b *Breaker) enter(s State) {
	b.state = s
	b.era++
	b.asking, b.well = 0, 0
	b.ring, b.sum = [slots]slot{}, slot{}
}

// Stats are a breaker's numbers at one moment.
type Stats struct {
	State State
	// Until is when it stops to be open, zero where it is not.
	Until time.Time
	// All and Failed count the requests in the window, or where it is not closed, those that opened it.
	All, Failed int
	// Opened is how many times it opened, Refused how many requests did not pass.
	Opened, Refused uint64
}

// Stats returns the numbers of this moment.
func (b *Breaker) Stats(now time.Time) Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Stats{State: b.state, Opened: b.opened, Refused: b.refused, All: b.tripped.all, Failed: b.tripped.failed}
	switch b.state {
	case Closed:
		b.advance(now)
		s.All, s.Failed = b.sum.all, b.sum.failed
	case Open:
		if b.until.After(now) {
			s.Until = b.until
		} else {
			s.State = HalfOpen // As soon as a request comes.
		}
	case HalfOpen:
	}
	return s
}
