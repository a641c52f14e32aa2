package balance_test

import (
	"sync"
	"testing"

	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// oracle is the round robin that one would write first.
type oracle struct{ turn int }

func (o *oracle) Next(n int) int {
	o.turn++
	return (o.turn - 1) % n
}

func FuzzRoundRobinIsTheOracle(f *testing.F) {
	f.Add([]byte{1, 1, 1})
	f.Add([]byte{3, 3, 3, 3, 2, 2, 5})
	f.Fuzz(func(t *testing.T, sizes []byte) {
		var got balance.RoundRobin
		var want oracle
		for i, size := range sizes {
			n := int(size) + 1
			if g, w := got.Next(n), want.Next(n); g != w {
				t.Fatalf("call %d of %v: got %d, want %d", i, sizes, g, w)
			}
		}
	})
}

func TestRoundRobinIsFairToTheLastTurn(t *testing.T) {
	const goroutines, turns, n = 8, 3000, 6
	var robin balance.RoundRobin
	var all [n]int
	var mu sync.Mutex
	var running sync.WaitGroup
	for range goroutines {
		running.Go(func() {
			var own [n]int
			for range turns {
				own[robin.Next(n)]++
			}
			mu.Lock()
			defer mu.Unlock()
			for i, count := range own {
				all[i] += count
			}
		})
	}
	running.Wait()
	for i, count := range all {
		if count != goroutines*turns/n {
			t.Errorf("number %d came %d times, want %d", i, count, goroutines*turns/n)
		}
	}
}

func BenchmarkRoundRobin(b *testing.B) {
	var robin balance.RoundRobin
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			robin.Next(7)
		}
	})
}
