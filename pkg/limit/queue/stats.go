package queue

import (
	"slices"
	"time"
)

// WaitBounds are the upper bounds of the histogram of waits, in ascending order.
var WaitBounds = [...]time.Duration{
	time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute,
}

// counts are a limiter's numbers since it was made.
type counts struct {
	ended  [outcomes]uint64
	waits  [len(WaitBounds) + 1]uint64
	waited time.Duration
	// unclassed counts those with Request.Unclassed.
	unclassed uint64
}

func (c *counts) wait(d time.Duration) {
	i := 0
	for i < len(WaitBounds) && d > WaitBounds[i] {
		i++
	}
	c.waits[i]++
	c.waited += d
}

// Stats are the numbers of a limiter at one moment.
type Stats struct {
	Key string
	// MaxActive is the limit, 0 for none; Active is how many run, which is more for as long
	// as it takes them to end after the limit was lowered.
	MaxActive, Active int
	// PerSeat is the limit of each seat, 0 for none.
	PerSeat int
	// Waiting is how many wait.
	Waiting int
	// Admitted, Full, TimedOut and Gone count the requests by their outcome.
	Admitted, Full, TimedOut, Gone uint64
	// Waits counts the requests that waited, whatever came of it, by the bounds of
	// WaitBounds, the last one for longer waits; Waited is the sum of the waits.
	Waits  []uint64
	Waited time.Duration
	// Unclassed counts the requests whose class could not be computed.
	Unclassed uint64
}

// Stats returns the numbers of this moment.
func (l *Limiter) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.counts
	return Stats{
		Key: l.key, MaxActive: l.limits.MaxActive, PerSeat: l.limits.PerSeat, Active: l.active, Waiting: l.lines.count,
		Admitted: c.ended[Admitted], Full: c.ended[Full], TimedOut: c.ended[TimedOut], Gone: c.ended[Gone],
		Waits: slices.Clone(c.waits[:]), Waited: c.waited, Unclassed: c.unclassed,
	}
}
