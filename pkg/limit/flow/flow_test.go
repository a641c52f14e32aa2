package flow

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// TestBytesMoveAtTheRate moves bytes as told, in parts of many sizes and with gaps in
// between, and holds the sum against the rate.
func TestBytesMoveAtTheRate(t *testing.T) {
	for name, tt := range map[string]struct {
		rate, after int64
		part        int
		gaps        bool
	}{
		"slow":                        {rate: 1000, part: 125},
		"fast":                        {rate: 100 << 20, part: 32 << 10},
		"in parts that are too large": {rate: 10_000, part: 50_000},
		"in single bytes":             {rate: 997, part: 1},
		"with bytes that are free":    {rate: 1000, after: 5000, part: 100},
		"with gaps":                   {rate: 4096, part: 700, gaps: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(1, 2))
				start := time.Now()
				b := New(tt.rate, tt.after, start)
				moved, idle := int64(0), time.Duration(0)
				for range 2000 {
					n := tt.part
					if d := b.Take(n, time.Now()); d > 0 {
						time.Sleep(d)
					}
					moved += int64(n)
					took := time.Since(start).Seconds()
					if most := float64(tt.rate)*took + float64(tt.after) + float64(b.Part()) + 1; float64(moved) > most {
						t.Fatalf("%d bytes moved after %vs, more than %v", moved, took, most)
					}
					if tt.gaps && random.IntN(20) == 0 {
						time.Sleep(time.Second)
						idle += time.Second
					}
				}
				took := (time.Since(start) - idle).Seconds()
				if least := float64(tt.rate)*took*0.99 - 1; float64(moved) < least {
					t.Errorf("only %d bytes moved in %vs, less than %v", moved, took, least)
				}
			})
		})
	}
}

func TestNothingIsBoundByNothing(t *testing.T) {
	var b Bucket
	if b.Bounds() || b.Take(1<<30, time.Unix(1, 0)) != 0 {
		t.Error("the zero bucket bounds")
	}
}

func TestAGapDoesNotAddUp(t *testing.T) {
	now := time.Unix(1, 0)
	b := New(800, 0, now)
	if d := b.Take(100, now); d != 0 {
		t.Fatalf("the first part waits %v", d)
	}
	for _, gap := range []time.Duration{time.Minute, 1 << 62} {
		now = now.Add(gap)
		if d := b.Take(128, now); d != 0 {
			t.Errorf("after %v a part waits %v", gap, d)
		}
		if d := b.Take(800, now); d < 900*time.Millisecond || d > time.Second {
			t.Errorf("after %v a second's worth of bytes waits %v", gap, d)
		}
	}
}
