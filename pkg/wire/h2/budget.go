package h2

import "time"

// What frames cost in glitches. Each is what a client that means well sends
// seldom or gets credit for, and what one that does not sends without end.
const (
	costPriority     = 1
	costWindowUpdate = 1
	costUnknown      = 2
	costPing         = 4
	costEmptyData    = 8
	costIgnored      = 2 // frames on streams that are over
	costSettings     = 20
	costRefused      = 20 // heads beyond a limit

	// What a field section holds costs 1 for each so many bytes that are beyond
	// fiveFold of what was sent for it and beyond what both tables of HPACK can add to
	// that if each entry is named once: else a hundred bytes could fill 64 KiB.
	expansionBytes = 128
	fiveFold       = 5
	freeExpansion  = 8 << 10

	// creditStream goes with each new stream, for its priority and windows.
	creditStream = 4
	// creditData goes with each DATA frame that we send with worthyData bytes or more:
	// clients answer those with window updates for stream and connection.
	creditData   = 6
	worthyData   = 256
	maxFreePings = 100
)

// costOfExpansion returns what a field section of that size costs, which came in so many bytes.
func costOfExpansion(size, sent int) int {
	return max(size-fiveFold*sent-freeExpansion, 0) / expansionBytes
}

// budget is a bucket of tokens. It asks for the time only when it is empty, so
// that a client that keeps to it costs nothing.
type budget struct {
	left, most int
	perSecond  int
	since      time.Time
}

func newBudget(most, perSecond int, now time.Time) budget {
	return budget{left: most, most: most, perSecond: perSecond, since: now}
}

// take uses up n tokens; false means that there were too few.
func (b *budget) take(n int) bool {
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

// give gives n tokens back.
func (b *budget) give(n int) { b.left = min(b.left+n, b.most) }
