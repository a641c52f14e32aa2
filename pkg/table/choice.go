package table

import (
	"math/bits"
	"math/rand/v2"
	"sort"
	"sync/atomic"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// share is one possible outcome of a choice; either pool or failure is nil.
type share struct {
	pool    *upstream.Pool
	failure *Failure
	// filters are those of the backend, nil for none.
	filters *BackendFilters
	// version is that of the backend, nil where it has none.
	version *Version
	// hash is what the pool's strategy hashes, nil for nothing.
	hash *ir.HashBy
}

// choice spreads requests over shares by weight.
//
// The weights, in lowest terms, cut the numbers below total into one stretch
// for each share. The n-th request goes to the share of the number n*step mod
// total. As step and total have no common divisor, total requests in a row hit
// each number once, which makes the proportions exact; and as step is about
// total divided by the golden ratio, the hits of each stretch are spread evenly, without
// a schedule in memory.
type choice struct {
	shares []share
	// ends[i] is where the stretch of shares[i] ends.
	ends  []uint64
	total uint64
	step  uint64

	// n is written by every request, so it has a cache line of its own.
	_ [64]byte
	n atomic.Uint64
	_ [56]byte
}

// newChoice takes shares with positive weights, at least one.
func newChoice(shares []share, weights []uint64) *choice {
	c := &choice{shares: shares}
	divisor := uint64(0)
	for _, w := range weights {
		divisor = gcd(divisor, w)
	}
	for _, w := range weights {
		c.total += w / divisor
		c.ends = append(c.ends, c.total)
	}
	c.step = stepFor(c.total)
	// A table that is replaced often must not begin with the same share each time.
	c.n.Store(rand.Uint64N(c.total))
	return c
}

// next returns the share of the next request.
func (c *choice) next() *share {
	if len(c.shares) == 1 {
		return &c.shares[0]
	}
	n := (c.n.Add(1) - 1) % c.total
	hi, lo := bits.Mul64(n, c.step)
	at := bits.Rem64(hi, lo, c.total)
	return &c.shares[sort.Search(len(c.ends), func(i int) bool { return at < c.ends[i] })]
}

// stepFor returns the number next to total divided by the golden ratio that
// has no common divisor with total.
func stepFor(total uint64) uint64 {
	const golden = 0.6180339887498949
	step := max(uint64(float64(total)*golden+0.5), 1)
	for gcd(step, total) != 1 {
		step++
	}
	return step
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
