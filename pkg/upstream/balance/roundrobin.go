package balance

import "sync/atomic"

// RoundRobin takes n things in turn. The zero value begins with the first.
type RoundRobin struct {
	turn atomic.Uint64
}

// Peek returns what Next would return, if it came next.
func (r *RoundRobin) Peek(n int) int { return int(r.turn.Load() % uint64(n)) }

// Next returns a number from 0 to n-1: the one behind the number returned
// before, beginning again with 0 behind the last. n must be positive. Where n
// changes between calls, the numbers stay in range and in turn from then on.
func (r *RoundRobin) Next(n int) int {
	return int((r.turn.Add(1) - 1) % uint64(n))
}
