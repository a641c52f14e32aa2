package controller

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestDebounceStartsARoundWhenMarksAreQuietAndNeverTooLate(t *testing.T) {
	const holdoff, maxDelay = 20 * time.Millisecond, 250 * time.Millisecond
	cases := map[string]struct {
		marks  int           // how many marks are made
		every  time.Duration // and how far apart
		rounds []time.Duration
	}{
		"one mark is worked on after the holdoff": {
			marks: 1, every: time.Second,
			rounds: []time.Duration{holdoff},
		},
		"marks closer than the holdoff are one round": {
			marks: 5, every: 10 * time.Millisecond,
			rounds: []time.Duration{40*time.Millisecond + holdoff},
		},
		"marks further apart than the holdoff are rounds of their own": {
			marks: 3, every: 100 * time.Millisecond,
			rounds: []time.Duration{holdoff, 100*time.Millisecond + holdoff, 200*time.Millisecond + holdoff},
		},
		"marks that do not stop are worked on after the maximum delay": {
			marks: 40, every: 11 * time.Millisecond, // The second round starts with the one at 253 ms, the last is at 429 ms.
			rounds: []time.Duration{maxDelay, 429*time.Millisecond + holdoff},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				d := newDebounce(holdoff, maxDelay)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					for range c.marks {
						d.mark()
						<-time.After(c.every)
					}
					<-time.After(time.Second)
					cancel()
				}()
				var rounds []time.Duration
				for d.wait(ctx) {
					rounds = append(rounds, time.Since(start))
				}
				if len(rounds) != len(c.rounds) {
					t.Fatalf("rounds at %v, want %v", rounds, c.rounds)
				}
				for i := range rounds {
					if rounds[i] != c.rounds[i] {
						t.Errorf("round %d at %v, want %v", i, rounds[i], c.rounds[i])
					}
				}
			})
		})
	}
}

func TestAMarkDuringARoundIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDebounce(time.Millisecond, time.Second)
		d.mark()
		if !d.wait(t.Context()) {
			t.Fatal("the first round did not start")
		}
		d.mark() // The round is going on: its snapshot may lack this change.
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if !d.wait(ctx) {
			t.Error("the mark that was made during the round started none")
		}
	})
}
