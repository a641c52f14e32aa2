package table

import (
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// counts takes n requests and counts them by share.
func counts(c *choice, n uint64) map[*share]uint64 {
	got := make(map[*share]uint64)
	for range n {
		got[c.next()]++
	}
	return got
}

func newTestChoice(weights ...uint64) *choice {
	return newChoice(make([]share, len(weights)), weights)
}

func TestChoiceGivesExactSharesWithinACycle(t *testing.T) {
	tests := map[string][]uint64{
		"one backend":                   {7},
		"two of the same weight":        {1, 1},
		"nine to one":                   {90, 10},
		"a canary of one in a hundred":  {99, 1},
		"weights without a divisor":     {3, 5, 7},
		"the same weight many times":    {4, 4, 4, 4, 4},
		"the highest weight and one":    {1_000_000, 1},
		"weights that add up to primes": {2, 3, 6, 2},
	}
	for name, weights := range tests {
		t.Run(name, func(t *testing.T) {
			c := newTestChoice(weights...)
			divisor := uint64(0)
			for _, w := range weights {
				divisor = gcd(divisor, w)
			}
			got := counts(c, c.weights.Total())
			for i, w := range weights {
				if got[&c.shares[i]] != w/divisor {
					t.Errorf("share %d of %v got %d requests of %d, want %d", i, weights, got[&c.shares[i]], c.weights.Total(), w/divisor)
				}
			}
		})
	}
}

func TestChoiceIsExactForAnyWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Uint64Range(1, 300), 1, 6).Draw(t, "weights")
		c := newTestChoice(weights...)
		cycles := rapid.Uint64Range(1, 3).Draw(t, "cycles")
		got := counts(c, c.weights.Total()*cycles)
		sum := uint64(0)
		for _, w := range weights {
			sum += w
		}
		for i, w := range weights {
			if want := cycles * w * c.weights.Total() / sum; got[&c.shares[i]] != want {
				t.Fatalf("share %d of %v got %d requests, want %d", i, weights, got[&c.shares[i]], want)
			}
		}
	})
}

// TestChoiceSpreadsEvenly bounds how far the requests of one share stand apart
// from where they would if they were spread perfectly.
func TestChoiceSpreadsEvenly(t *testing.T) {
	tests := map[string]struct {
		weights []uint64
		// longest is how many requests in a row may miss the last share.
		longest int
	}{
		"one of two":        {[]uint64{1, 1}, 1},
		"one of ten":        {[]uint64{9, 1}, 9},
		"ten of a hundred":  {[]uint64{901, 100}, 20},
		"a third of a lot":  {[]uint64{2001, 1000}, 6},
		"half of ten weigh": {[]uint64{51, 50}, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newTestChoice(tt.weights...)
			last := &c.shares[len(c.shares)-1]
			missed, longest := 0, 0
			for range 3 * c.weights.Total() {
				missed++
				if c.next() == last {
					missed = 0
				}
				longest = max(longest, missed)
			}
			if longest > tt.longest {
				t.Errorf("the last share of %v waited for %d requests, want at most %d", tt.weights, longest, tt.longest)
			}
		})
	}
}

func TestChoiceIsExactUnderConcurrency(t *testing.T) {
	c := newTestChoice(5, 3, 2)
	const workers = 8
	results := make([]map[*share]uint64, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { results[w] = counts(c, 1000) })
	}
	wg.Wait()
	for i, want := range []uint64{4000, 2400, 1600} {
		got := uint64(0)
		for _, r := range results {
			got += r[&c.shares[i]]
		}
		if got != want {
			t.Errorf("share %d got %d requests, want %d", i, got, want)
		}
	}
}

// TestChoiceBeginsAnywhere holds a fresh choice to its weights as well: tables
// that are replaced after each request must not starve the smaller share.
func TestChoiceBeginsAnywhere(t *testing.T) {
	second := 0
	const tables = 2000
	for range tables {
		if c := newTestChoice(1, 1); c.next() == &c.shares[1] {
			second++
		}
	}
	// One standard deviation is 22.
	if second < tables/2-400 || second > tables/2+400 {
		t.Errorf("%d of %d tables began with the second share", second, tables)
	}
}

func TestChooseDoesNotAllocate(t *testing.T) {
	r, in := &Route{choice: newTestChoice(3, 1)}, get("/")
	if n := testing.AllocsPerRun(100, func() { r.Choose(in) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkChoose(b *testing.B) {
	r, in := &Route{choice: newTestChoice(90, 10)}, get("/")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.Choose(in)
		}
	})
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
