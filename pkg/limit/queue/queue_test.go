package queue

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// naive is the line as lists: the clients in the order of their turns.
type naive struct {
	clients []string
	waiting map[string][]*waiter
}

func (n *naive) add(client string, w *waiter) {
	if len(n.waiting[client]) == 0 {
		n.clients = append(n.clients, client)
	}
	n.waiting[client] = append(n.waiting[client], w)
}

func (n *naive) remove(w *waiter) {
	for c, list := range n.waiting {
		if i := slices.Index(list, w); i >= 0 {
			n.waiting[c] = slices.Delete(slices.Clone(list), i, i+1)
			if len(list) == 1 {
				n.clients = slices.DeleteFunc(n.clients, func(s string) bool { return s == c })
			}
		}
	}
}

func (n *naive) take(o Order) *waiter {
	if len(n.clients) == 0 {
		return nil
	}
	c := n.clients[0]
	n.clients = append(n.clients[1:], c)
	list := n.waiting[c]
	w := list[0]
	if o == LIFO {
		w = list[len(list)-1]
	}
	n.remove(w)
	return w
}

func TestTheLineIsTheNaiveOne(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		fast, slow := line{}, naive{waiting: make(map[string][]*waiter)}
		var all []*waiter
		for step := range 500 {
			switch r.IntN(4) {
			case 0, 1:
				w := new(waiter)
				client := strconv.Itoa(r.IntN(5))
				fast.add(client, w)
				slow.add(client, w)
				all = append(all, w)
			case 2:
				o := Order(r.IntN(2))
				got, want := fast.take(o), slow.take(o)
				if got != want {
					t.Fatalf("seed %d, step %d: another request is next", seed, step)
				}
				all = slices.DeleteFunc(all, func(w *waiter) bool { return w == got })
			default:
				if len(all) > 0 {
					i := r.IntN(len(all))
					fast.remove(all[i])
					slow.remove(all[i])
					all = slices.Delete(all, i, i+1)
				}
			}
			if fast.count != len(all) || len(fast.clients) != len(slow.clients) {
				t.Fatalf("seed %d, step %d: %d wait, want %d", seed, step, fast.count, len(all))
			}
		}
	}
}

func TestWaitsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewRegistry().Acquire("r", Limits{MaxActive: 1, Length: 2, Timeout: 10 * time.Second})
		if !l.Try() || l.Try() {
			t.Fatal("there is not exactly one slot")
		}
		began := time.Now()
		if o := l.Enter("", -1, nil); o != TimedOut || time.Since(began) != 10*time.Second {
			t.Errorf("outcome %d after %v", o, time.Since(began))
		}
		if o := l.Enter("", time.Second, nil); o != TimedOut || time.Since(began) != 11*time.Second {
			t.Errorf("bounded: outcome %d after %v", o, time.Since(began))
		}
		gone := make(chan struct{})
		close(gone)
		if o := l.Enter("", -1, gone); o != Gone {
			t.Errorf("gone: outcome %d", o)
		}
		got := make(chan Outcome, 3)
		go func() { got <- l.Enter("hog", -1, nil) }()
		synctest.Wait()
		go func() { got <- l.Enter("hog", -1, nil) }()
		synctest.Wait()
		if o := l.Enter("hog", -1, nil); o != Full {
			t.Errorf("full: outcome %d", o)
		}
		go func() { got <- l.Enter("other", -1, nil) }()
		synctest.Wait()
		if o := <-got; o != Full {
			t.Errorf("displaced: outcome %d", o)
		}
		l.set(Limits{MaxActive: 3, Length: 2, Timeout: time.Second})
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
				if l.Enter(strconv.Itoa(i%4), -1, gone) != Admitted {
					continue
				}
				if now := active.Add(1); now > most {
					t.Errorf("%d run at once", now)
				}
				active.Add(-1)
				l.Leave()
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
