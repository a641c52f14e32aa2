package breaker

import (
	"testing"
	"time"
)

var epoch = time.Unix(1_700_000_000, 0)

var policy = Policy{ErrorPercent: 50, MinRequests: 4, Window: 10 * time.Second, OpenFor: 5 * time.Second, HalfOpen: 2}

// run sends a request and ends it.
func run(t *testing.T, b *Breaker, o Outcome, now time.Time) {
	t.Helper()
	ticket, _, ok := b.Begin(now)
	if !ok {
		t.Fatal("a request did not pass")
	}
	b.End(ticket, o, now)
}

func state(t *testing.T, b *Breaker, now time.Time, want State) {
	t.Helper()
	if got := b.Stats(now).State; got != want {
		t.Fatalf("it is %v, want %v", got, want)
	}
}

func TestTheWayOfACircuit(t *testing.T) {
	now := epoch
	b := New(policy, now)
	run(t, b, Failed, now)
	run(t, b, Failed, now)
	run(t, b, Good, now)
	state(t, b, now, Closed) // Two of three failed, but three say nothing.
	late, _, _ := b.Begin(now)
	run(t, b, Good, now)
	state(t, b, now, Open)
	if s := b.Stats(now); s.All != 4 || s.Failed != 2 || !s.Until.Equal(now.Add(5*time.Second)) {
		t.Errorf("opened with %+v", s)
	}
	now = now.Add(2 * time.Second)
	if _, wait, ok := b.Begin(now); ok || wait != 3*time.Second {
		t.Fatalf("passes: %v, wait %v", ok, wait)
	}
	now = now.Add(3 * time.Second)
	state(t, b, now, HalfOpen)
	first, _, ok1 := b.Begin(now)
	second, _, ok2 := b.Begin(now)
	if _, _, ok := b.Begin(now); !ok1 || !ok2 || ok {
		t.Fatalf("half-open, of three pass %v %v %v", ok1, ok2, ok)
	}
	b.End(late, Failed, now) // It began when the circuit was closed.
	state(t, b, now, HalfOpen)
	b.End(first, Unknown, now)
	third, _, ok := b.Begin(now)
	if !ok {
		t.Fatal("one of which nothing is known kept its place")
	}
	b.End(second, Good, now)
	state(t, b, now, HalfOpen)
	b.End(third, Good, now)
	state(t, b, now, Closed)
	if s := b.Stats(now); s.All != 0 || s.Opened != 1 || s.Refused != 2 {
		t.Errorf("closed with %+v", s)
	}
}

func TestAFailureHalfOpenOpensAgain(t *testing.T) {
	now := epoch
	b := New(policy, now)
	for range 4 {
		run(t, b, Failed, now)
	}
	now = now.Add(5 * time.Second)
	other, _, _ := b.Begin(now)
	run(t, b, Failed, now)
	state(t, b, now, Open)
	b.End(other, Good, now)
	state(t, b, now, Open)
	if s := b.Stats(now); s.Opened != 2 || s.All != 1 || s.Failed != 1 {
		t.Errorf("opened with %+v", s)
	}
}

func TestWhatIsLongAgoIsForgotten(t *testing.T) {
	now := epoch
	b := New(policy, now)
	for range 3 {
		run(t, b, Failed, now)
	}
	now = now.Add(10 * time.Second)
	run(t, b, Failed, now)
	state(t, b, now, Closed)
	if s := b.Stats(now); s.All != 1 {
		t.Errorf("%d requests count, want 1", s.All)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	b := New(policy, epoch)
	if n := testing.AllocsPerRun(100, func() {
		ticket, _, _ := b.Begin(epoch)
		b.End(ticket, Good, epoch)
	}); n != 0 {
		t.Errorf("allocates %v times", n)
	}
}

// ended is a request that ended, in the oracle.
type ended struct {
	slot   int64
	failed bool
}

// oracle remembers all requests and looks through them each time.
type oracle struct {
	policy  Policy
	state   State
	era     int
	ended   []ended
	until   time.Time
	passed  int // half-open, less those of which nothing is known
	well    int
	tickets map[int]int // by number, the era
}

func (o *oracle) slotOf(now time.Time) int64 { return int64(now.Sub(epoch) / (o.policy.Window / 10)) }

func (o *oracle) begin(number int, now time.Time) bool {
	if o.state == Open && !now.Before(o.until) {
		o.state, o.passed, o.well = HalfOpen, 0, 0
		o.era++
	}
	if o.state == Open || o.state == HalfOpen && o.passed == o.policy.HalfOpen {
		return false
	}
	o.passed++
	o.tickets[number] = o.era
	return true
}

func (o *oracle) trip(now time.Time) {
	o.state, o.until, o.ended = Open, now.Add(o.policy.OpenFor), nil
	o.era++
}

func (o *oracle) end(number int, how Outcome, now time.Time) {
	if o.tickets[number] != o.era {
		return
	}
	if o.state == HalfOpen {
		switch how {
		case Unknown:
			o.passed--
		case Failed:
			o.trip(now)
		case Good:
			if o.well++; o.well == o.policy.HalfOpen {
				o.state, o.ended = Closed, nil
				o.era++
			}
		}
		return
	}
	if how == Unknown {
		return
	}
	o.ended = append(o.ended, ended{o.slotOf(now), how == Failed})
	all, failed := 0, 0
	for _, e := range o.ended {
		if e.slot > o.slotOf(now)-10 {
			all++
			if e.failed {
				failed++
			}
		}
	}
	if all >= o.policy.MinRequests && float64(failed)/float64(all) >= float64(o.policy.ErrorPercent)/100-1e-12 {
		o.trip(now)
	}
}

// FuzzBreaker compares a breaker with the oracle: each byte begins or ends a request, or lets time pass.
func FuzzBreaker(f *testing.F) {
	f.Add(uint8(50), uint8(3), uint8(2), []byte{0, 0, 0, 0, 2, 6, 10, 14, 255, 0, 0, 1, 5, 3, 77, 0})
	f.Add(uint8(1), uint8(1), uint8(1), []byte{0, 2, 255, 0, 1, 0, 2})
	f.Fuzz(func(t *testing.T, percent, least, halfOpen uint8, events []byte) {
		p := Policy{ErrorPercent: int(percent%100) + 1, MinRequests: int(least%8) + 1, Window: 10 * time.Second, OpenFor: 3 * time.Second, HalfOpen: int(halfOpen%4) + 1}
		b := New(p, epoch)
		o := &oracle{policy: p, tickets: make(map[int]int)}
		now := epoch
		tickets := make(map[int]Ticket)
		var open []int
		for i, event := range events {
			switch {
			case event == 255:
				now = now.Add(3 * time.Second)
			case event&3 == 3:
				now = now.Add(time.Duration(event) * 10 * time.Millisecond)
			case event&3 == 0 || len(open) == 0:
				ticket, wait, ok := b.Begin(now)
				if want := o.begin(i, now); ok != want {
					t.Fatalf("event %d: passes: %v, want %v", i, ok, want)
				}
				if ok {
					tickets[i] = ticket
					open = append(open, i)
				} else if want := o.until.Sub(now); o.state == Open && wait != want {
					t.Fatalf("event %d: wait %v, want %v", i, wait, want)
				}
			default:
				at := int(event>>4) % len(open)
				number := open[at]
				open = append(open[:at], open[at+1:]...)
				how := Outcome(event >> 2 % 3)
				b.End(tickets[number], how, now)
				o.end(number, how, now)
			}
			want := o.state
			if want == Open && !now.Before(o.until) {
				want = HalfOpen
			}
			if got := b.Stats(now).State; got != want {
				t.Fatalf("event %d: it is %v, want %v", i, got, want)
			}
		}
	})
}
