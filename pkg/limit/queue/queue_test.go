package queue

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// naive is the lines as lists: of each class the clients in the order of their turns.
type naive [Classes]struct {
	clients []string
	waiting map[string][]*waiter
}

func (n *naive) add(client string, w *waiter) {
	c := &n[w.class]
	if c.waiting == nil {
		c.waiting = make(map[string][]*waiter)
	}
	if len(c.waiting[client]) == 0 {
		c.clients = append(c.clients, client)
	}
	c.waiting[client] = append(c.waiting[client], w)
}

func (n *naive) remove(w *waiter) {
	c := &n[w.class]
	for client, list := range c.waiting {
		if i := slices.Index(list, w); i >= 0 {
			c.waiting[client] = slices.Delete(slices.Clone(list), i, i+1)
			if len(list) == 1 {
				c.clients = slices.DeleteFunc(c.clients, func(s string) bool { return s == client })
			}
		}
	}
}

// take removes and returns the first request of a group that has seats, by class and turn.
func (n *naive) take(o Order, free map[any]bool) *waiter {
	for class := range n {
		c := &n[class]
		for i, client := range c.clients {
			list := slices.Clone(c.waiting[client])
			if o == LIFO {
				slices.Reverse(list)
			}
			for _, w := range list {
				if !free[w.group] {
					continue
				}
				c.clients = append(slices.Clone(c.clients[i+1:]), c.clients[:i+1]...)
				n.remove(w)
				return w
			}
		}
	}
	return nil
}

// displaced returns what makes room for a request: of several that may, all.
func (n *naive) displaced(class int, client string) []*waiter {
	newest := func(class, atLeast int) (found []*waiter) {
		most := 0
		for _, list := range n[class].waiting {
			most = max(most, len(list))
		}
		for _, list := range n[class].waiting {
			if len(list) == most && most >= atLeast {
				found = append(found, list[most-1])
			}
		}
		return found
	}
	for below := Classes - 1; below > class; below-- {
		if len(n[below].clients) > 0 {
			return newest(below, 1)
		}
	}
	return newest(class, max(len(n[class].waiting[client])+2, 1))
}

func (n *naive) turns() (turns int) {
	for class := range n {
		turns += len(n[class].clients)
	}
	return turns
}

// runNaive compares the lines with the naive ones along a list of choices.
func runNaive(t *testing.T, choose func(n int) int) {
	var fast lines
	var slow naive
	var all []*waiter
	forget := func(gone *waiter) { all = slices.DeleteFunc(all, func(w *waiter) bool { return w == gone }) }
	for step := range 300 {
		switch choose(5) {
		case 0, 1:
			w := &waiter{class: choose(3) * 4, group: choose(3)}
			client := strconv.Itoa(choose(4))
			fast.add(client, w)
			slow.add(client, w)
			all = append(all, w)
		case 2:
			o, free := Order(choose(2)), map[any]bool{0: choose(2) == 0, 1: choose(2) == 0, 2: choose(4) != 0}
			got := fast.takeWhere(o, func(w *waiter) verdict {
				if free[w.group] {
					return take
				}
				return pass
			})
			if want := slow.take(o, free); got != want {
				t.Fatalf("step %d: another request is next", step)
			}
			forget(got)
		case 3:
			class, client := choose(3)*4, strconv.Itoa(choose(4))
			want := slow.displaced(class, client)
			got := fast.displace(class, client)
			if got == nil && len(want) > 0 || got != nil && !slices.Contains(want, got) {
				t.Fatalf("step %d: the request that makes room is none of the %d that may", step, len(want))
			}
			if got != nil {
				slow.remove(got)
				forget(got)
			}
		default:
			if len(all) > 0 {
				i := choose(len(all))
				fast.remove(all[i])
				slow.remove(all[i])
				all = slices.Delete(all, i, i+1)
			}
		}
		turns, groups := 0, make(map[any]int)
		for class := range fast.classes {
			turns += len(fast.classes[class].clients)
		}
		for _, w := range all {
			groups[w.group]++
		}
		if fast.count != len(all) || turns != slow.turns() || !maps.Equal(groups, fast.groups) && len(all) > 0 {
			t.Fatalf("step %d: %d wait of %d clients and the groups %v, want %d of %d and %v", step, fast.count, turns, fast.groups, len(all), slow.turns(), groups)
		}
	}
}

func TestTheLinesAreTheNaiveOnes(t *testing.T) {
	for seed := range uint64(300) {
		runNaive(t, rand.New(rand.NewPCG(seed, 1)).IntN)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		at := 0
		runNaive(t, func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			at++
			return int(choices[at%len(choices)]) % n
		})
	})
}

// seatsOf are Seats of strings, the first that is free.
type seatsOf []string

func (s seatsOf) Group() any { return s[0] }

func (s seatsOf) Take(full func(Seat) bool) (Seat, bool) {
	for _, seat := range s {
		if !full(seat) {
			return seat, true
		}
	}
	return nil, false
}

func TestSeatsHoldAsManyAsTheyMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewRegistry().Acquire("r", Limits{PerSeat: 2, Length: 9, Timeout: time.Minute})
		a, b := seatsOf{"a1", "a2"}, seatsOf{"b1"}
		var held []Seat
		for range 4 {
			seat, ok := l.Try(Request{Seats: a})
			if !ok {
				t.Fatal("there is no seat for one of four")
			}
			held = append(held, seat)
		}
		if want := []Seat{"a1", "a1", "a2", "a2"}; !slices.Equal(held, want) {
			t.Errorf("the seats are %v, want %v", held, want)
		}
		type got struct {
			who     string
			seat    Seat
			outcome Outcome
		}
		results := make(chan got, 9)
		enter := func(who string, class int, s Seats) {
			go func() {
				seat, o := l.Enter(Request{Class: class, Seats: s}, -1, nil)
				results <- got{who, seat, o}
			}()
			synctest.Wait()
		}
		enter("first", 1, a)
		enter("second", 1, a)
		enter("urgent", 0, a)
		enter("elsewhere", 1, b)
		if r := <-results; r != (got{"elsewhere", "b1", Admitted}) {
			t.Errorf("%v was served while the seats of the others were full", r)
		}
		l.Leave("a2")
		if r := <-results; r != (got{"urgent", "a2", Admitted}) {
			t.Errorf("%v was served first, want the urgent one", r)
		}
		l.Leave("a1")
		if r := <-results; r != (got{"first", "a1", Admitted}) {
			t.Errorf("%v was served, want the first", r)
		}
		l.set(Limits{PerSeat: 3, Length: 9, Timeout: time.Minute}, 1)
		if r := <-results; r != (got{"second", "a1", Admitted}) {
			t.Errorf("%v was served once there was more room, want the second", r)
		}
		for _, seat := range []Seat{"a1", "a1", "a1", "a2", "b1"} {
			l.Leave(seat)
		}
		for range 1 {
			l.Leave("a2")
		}
		if s := l.Stats(); s.Active != 0 || len(l.seats) != 0 {
			t.Errorf("%d run and %v are taken after all have left", s.Active, l.seats)
		}
	})
}

func TestReplicasShareLimits(t *testing.T) {
	r := NewRegistry()
	shared := r.Acquire("shared", Limits{MaxActive: 10, PerSeat: 2, Length: 7, Shared: true})
	own := r.Acquire("own", Limits{MaxActive: 10})
	for replicas, want := range map[int]Limits{
		0: {MaxActive: 10, PerSeat: 2, Length: 7, Shared: true},
		1: {MaxActive: 10, PerSeat: 2, Length: 7, Shared: true},
		3: {MaxActive: 3, PerSeat: 1, Length: 2, Shared: true},
		9: {MaxActive: 1, PerSeat: 1, Length: 1, Shared: true},
	} {
		r.SetReplicas(replicas)
		if _, got := shared.Limits(); got != want {
			t.Errorf("%d replicas: each has %+v, want %+v", replicas, got, want)
		}
		if _, got := own.Limits(); got != (Limits{MaxActive: 10}) {
			t.Errorf("%d replicas: limits that are not shared became %+v", replicas, got)
		}
		if _, got := r.Acquire("late", Limits{MaxActive: 18, Shared: true}).Limits(); got.MaxActive != 18/max(replicas, 1) {
			t.Errorf("%d replicas: what came later has %+v", replicas, got)
		}
	}
}

// free takes a slot if there is one.
func free(l *Limiter) bool {
	_, ok := l.Try(Request{})
	return ok
}

// enter waits in the turn of a client.
func enter(l *Limiter, client string, bound time.Duration, gone <-chan struct{}) Outcome {
	_, o := l.Enter(Request{Client: client}, bound, gone)
	return o
}

func TestWaitsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewRegistry().Acquire("r", Limits{MaxActive: 1, Length: 2, Timeout: 10 * time.Second})
		if !free(l) || free(l) {
			t.Fatal("there is not exactly one slot")
		}
		began := time.Now()
		if o := enter(l, "", -1, nil); o != TimedOut || time.Since(began) != 10*time.Second {
			t.Errorf("outcome %d after %v", o, time.Since(began))
		}
		if o := enter(l, "", time.Second, nil); o != TimedOut || time.Since(began) != 11*time.Second {
			t.Errorf("bounded: outcome %d after %v", o, time.Since(began))
		}
		gone := make(chan struct{})
		close(gone)
		if o := enter(l, "", -1, gone); o != Gone {
			t.Errorf("gone: outcome %d", o)
		}
		got := make(chan Outcome, 3)
		go func() { got <- enter(l, "hog", -1, nil) }()
		synctest.Wait()
		go func() { got <- enter(l, "hog", -1, nil) }()
		synctest.Wait()
		if o := enter(l, "hog", -1, nil); o != Full {
			t.Errorf("full: outcome %d", o)
		}
		go func() { got <- enter(l, "other", -1, nil) }()
		synctest.Wait()
		if o := <-got; o != Full {
			t.Errorf("displaced: outcome %d", o)
		}
		l.set(Limits{MaxActive: 3, Length: 2, Timeout: time.Second}, 1)
		if a, b := <-got, <-got; a != Admitted || b != Admitted {
			t.Errorf("more slots: outcomes %d and %d", a, b)
		}
		want := Stats{Key: "r", MaxActive: 3, Active: 3, Admitted: 3, Full: 2, TimedOut: 2, Gone: 1, Waited: 11 * time.Second}
		if s := l.Stats(); s.Active != want.Active || s.Waiting != 0 || s.Admitted != want.Admitted || s.Full != want.Full ||
			s.TimedOut != want.TimedOut || s.Gone != want.Gone || s.Waited != want.Waited {
			t.Errorf("got %+v", s)
		}
	})
}

func TestNoSlotIsLostOrGrantedTwice(t *testing.T) {
	const most = 3
	l := NewRegistry().Acquire("r", Limits{MaxActive: most, Length: 8, Timeout: 200 * time.Microsecond})
	var active atomic.Int64
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			for n := range 500 {
				gone := make(chan struct{})
				if n%3 == 0 {
					go close(gone)
				}
				if enter(l, strconv.Itoa(i%4), -1, gone) != Admitted {
					continue
				}
				if now := active.Add(1); now > most {
					t.Errorf("%d run at once", now)
				}
				active.Add(-1)
				l.Leave(nil)
			}
		})
	}
	wait.Wait()
	if s := l.Stats(); s.Active != 0 || s.Waiting != 0 {
		t.Errorf("left over: %+v", s)
	}
}

func TestALimiterLivesAsLongAsItIsAcquired(t *testing.T) {
	r := NewRegistry()
	a := r.Acquire("k", Limits{MaxActive: 1})
	b := r.Acquire("k", Limits{MaxActive: 2})
	if a != b || a.Stats().MaxActive != 2 {
		t.Error("the key has two limiters, or the new limit does not count")
	}
	a.Release()
	if len(r.Stats()) != 1 {
		t.Error("the limiter went with the first release")
	}
	b.Release()
	if len(r.Stats()) != 0 {
		t.Error("the limiter outlives its users")
	}
}
