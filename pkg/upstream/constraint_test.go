package upstream

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
)

func TestRetriesAreAShareOfTheRequestsOfATime(t *testing.T) {
	now := time.Unix(1000, 0)
	c := NewConstraint(ir.RetryConstraint{Percent: 20, Window: 10 * time.Second, MinRetries: 3, MinInterval: time.Second}, now)
	all := func() (n int) {
		for c.Retry(now) {
			n++
		}
		return n
	}
	if n := all(); n != 3 {
		t.Errorf("without a request there are %d retries", n)
	}
	now = now.Add(5 * time.Second)
	for range 100 {
		c.Count(now)
	}
	// Of the 20 that are the share 3 were made, and they are less than 10 seconds ago.
	if n := all(); n != 17 {
		t.Errorf("of 100 requests %d are tried again", n)
	}
	now = now.Add(2 * time.Second)
	if n := all(); n != 3 {
		t.Errorf("beyond the share there are %d retries in a second", n)
	}
	now = now.Add(20 * time.Second)
	if n := all(); n != 3 {
		t.Errorf("when the requests are long ago there are %d retries", n)
	}
}

func TestAShareOfNothingLeavesTheLeastNumber(t *testing.T) {
	now := time.Unix(1000, 0)
	c := NewConstraint(ir.RetryConstraint{Window: time.Second, MinRetries: 1, MinInterval: time.Minute}, now)
	for range 1000 {
		c.Count(now)
	}
	if !c.Retry(now) || c.Retry(now) || c.Retry(now.Add(59*time.Second)) || !c.Retry(now.Add(2*time.Minute)) {
		t.Error("there is not one retry a minute")
	}
	c = NewConstraint(ir.RetryConstraint{Window: time.Second}, now)
	if c.Retry(now) {
		t.Error("there is a retry where none may be")
	}
}

// TestAWindowCountsWhatIsNotTooLongAgo compares it with a list of all times.
func TestAWindowCountsWhatIsNotTooLongAgo(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 1))
		length := time.Duration(1+r.IntN(1000)) * time.Millisecond
		begin := time.Unix(1000, 0)
		now := begin
		w := newWindow(length, begin)
		var times []time.Time
		for range 500 {
			now = now.Add(time.Duration(r.Int64N(int64(length) / 4)))
			if r.IntN(50) == 0 {
				now = now.Add(3 * length)
			}
			if r.IntN(2) == 0 {
				w.add(now)
				times = append(times, now)
			}
			var least, most int64
			for _, at := range times {
				if now.Sub(at) <= length-length/parts {
					least++
				}
				if now.Sub(at) <= length+2*length/parts {
					most++
				}
			}
			if got := w.count(now); got < least || got > most {
				t.Fatalf("seed %d: %d are counted at %s, not between %d and %d", seed, got, now.Sub(begin), least, most)
			}
		}
	}
}

func TestAConstraintSurvivesAnotherTable(t *testing.T) {
	r := NewRegistry(Options{Metrics: metrics.New()})
	defer r.Close()
	u := ir.Upstream{Key: "k", Endpoints: "k", RetryConstraint: ir.RetryConstraint{Window: time.Minute, MinRetries: 1, MinInterval: time.Hour}}
	p := r.Acquire(u)
	if !p.Constraint().Retry(time.Now()) {
		t.Fatal("the first retry is refused")
	}
	if r.Acquire(u).Constraint().Retry(time.Now()) {
		t.Error("another table forgets what was counted")
	}
	u.RetryConstraint.MinRetries = 2
	if !r.Acquire(u).Constraint().Retry(time.Now()) {
		t.Error("another constraint does not count at once")
	}
	u.RetryConstraint = ir.RetryConstraint{}
	if r.Acquire(u).Constraint() != nil {
		t.Error("a constraint is left")
	}
}
