// Package budget bounds what a peer may make a connection do for nothing: resets, and frames
// that move nothing. A Budget is used by one goroutine at a time.
package budget

import "time"

// Budget is a bucket of tokens. It asks for the time only when it is empty, so
// that a client that keeps to it costs nothing.
type Budget struct {
	left, most int
	perSecond  int
	since      time.Time
}

// New returns a full bucket, which so many tokens a second come back to.
func New(most, perSecond int, now time.Time) Budget {
	return Budget{left: most, most: most, perSecond: perSecond, since: now}
}

// Take uses up n tokens; false means that there were too few.
func (b *Budget) Take(n int) bool {
	if b.left -= n; b.left >= 0 {
		return true
	}
	now := time.Now()
	refill := min(int(now.Sub(b.since).Seconds()*float64(b.perSecond)), 2*b.most)
	if refill > 0 {
		b.left, b.since = min(b.left+refill, b.most), now
	}
	return b.left >= 0
}

// Give gives n tokens back.
func (b *Budget) Give(n int) { b.left = min(b.left+n, b.most) }
