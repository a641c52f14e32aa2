package active

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestTheBoundHoldsForEachClient(t *testing.T) {
	l := New()
	for i, want := range []bool{true, true, false} {
		if got := l.Enter("x", 2); got != want {
			t.Errorf("request %d of a client: %v", i+1, got)
		}
	}
	if !l.Enter("y", 2) {
		t.Error("the bound of one client holds for another")
	}
	l.Leave("x")
	if !l.Enter("x", 2) {
		t.Error("what has left is counted still")
	}
	l.Leave("x")
	l.Leave("x")
	l.Leave("y")
	if l.Clients() != 0 {
		t.Errorf("%d clients are remembered", l.Clients())
	}
}

func TestNeverMoreThanTheBound(t *testing.T) {
	l := New()
	var now, most atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 1000 {
				if !l.Enter("x", 3) {
					continue
				}
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				now.Add(-1)
				l.Leave("x")
			}
		})
	}
	wait.Wait()
	if most.Load() > 3 || l.Clients() != 0 {
		t.Errorf("%d were under way at once, %d are left", most.Load(), l.Clients())
	}
}
