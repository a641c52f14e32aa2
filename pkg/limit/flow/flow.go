// Package flow bounds how many bytes move in a second.
//
// In come numbers of bytes that are about to move and instants; out come waits. A Bucket
// has no clock and no goroutine: whoever owns it waits as it is told. It is used by one goroutine.
package flow

import "time"

// Bucket is a token bucket over bytes. The zero value bounds nothing.
type Bucket struct {
	rate int64
	// tokens may be used now; below 0 it is what was used ahead of time.
	tokens int64
	// most is what tokens can grow to by waiting.
	most int64
	last time.Time
}

// slice is the part of a second in which a part of a body moves at once, least the
// smallest such part.
const (
	slice = time.Second / 8
	least = 128
)

// New returns a bucket for bytesPerSecond, of which after bytes may move at once before
// the rate counts. 0 bytes per second bound nothing.
func New(bytesPerSecond, after int64, now time.Time) Bucket {
	b := Bucket{rate: max(bytesPerSecond, 0), last: now}
	b.most = int64(b.Part())
	b.tokens = max(after, 0) + b.most
	return b
}

// Bounds says that the bucket bounds anything.
func (b *Bucket) Bounds() bool { return b.rate > 0 }

// Part is how many bytes are best moved at once: what an eighth of a second lets through.
func (b *Bucket) Part() int {
	return int(min(max(b.rate/int64(time.Second/slice), least), 1<<20))
}

// Take uses n tokens and returns how long to wait before n bytes move. Bytes move on
// average at the rate, however late the caller is; what was not used does not add up to
// more than a part.
func (b *Bucket) Take(n int, now time.Time) time.Duration {
	if b.rate <= 0 {
		return 0
	}
	if gone := now.Sub(b.last); gone > 0 {
		// A gap longer than this fills the bucket in any case, and the product stays small.
		gone = min(gone, time.Hour)
		earned := int64(float64(gone) / float64(time.Second) * float64(b.rate))
		if earned > 0 {
			b.last = b.last.Add(time.Duration(float64(earned) / float64(b.rate) * float64(time.Second)))
			if gone == time.Hour {
				b.last = now
			}
			b.tokens = max(b.tokens, min(b.tokens+earned, b.most))
		}
	}
	b.tokens -= int64(n)
	if b.tokens >= 0 {
		return 0
	}
	return time.Duration(float64(-b.tokens) / float64(b.rate) * float64(time.Second))
}
