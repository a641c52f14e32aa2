package active

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestLimiterIsSharedAndForgotten(t *testing.T) {
	r := NewRegistry()
	l, same := r.Acquire("a"), r.Acquire("a")
	if l != same || r.Acquire("b") == l {
		t.Fatal("limiters are not kept by key")
	}
	if !l.Enter("x", 2) || !same.Enter("x", 2) || l.Enter("x", 2) || !l.Enter("y", 2) {
		t.Error("the bound does not hold for each client")
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
	l.Release()
	if r.Acquire("a") != l {
		t.Error("a limiter in use is forgotten")
	}
	l.Release()
	l.Release()
	if r.Acquire("a") == l {
		t.Error("a limiter that nobody uses is kept")
	}
	defer func() {
		if recover() == nil {
			t.Error("a release too many is not noticed")
		}
	}()
	l.Release()
}

func TestNeverMoreThanTheBound(t *testing.T) {
	l := NewRegistry().Acquire("a")
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
