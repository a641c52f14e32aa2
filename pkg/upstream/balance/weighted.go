package balance

import (
	"math/bits"
	"math/rand/v2"
	"sort"
	"sync/atomic"
)

// Weighted takes things in turn by weight, spread evenly: of as many turns as the
// weights add up to, in lowest terms, each thing gets exactly its share.
//
// The weights, in lowest terms, cut the numbers below total into one stretch
// for each thing. The n-th turn goes to the thing of the number n*step mod
// total. As step and total have no common divisor, total turns in a row hit
// each number once, which makes the proportions exact; and as step is about
// total divided by the golden ratio, the hits of each stretch are spread evenly, without
// a schedule in memory.
type Weighted struct {
	// ends[i] is where the stretch of thing i ends.
	ends  []uint64
	total uint64
	step  uint64

	// n is written at every turn, so it has a cache line of its own.
	_ [64]byte
	n atomic.Uint64
	_ [56]byte
}

// NewWeighted takes positive weights, at least one, whose sum is below 1<<53. It
// begins at a random turn.
func NewWeighted(weights []uint64) *Weighted {
	w := new(Weighted)
	divisor := uint64(0)
	for _, weight := range weights {
		divisor = gcd(divisor, weight)
	}
	for _, weight := range weights {
		w.total += weight / divisor
		w.ends = append(w.ends, w.total)
	}
	w.step = stepFor(w.total)
	// What is made anew often must not begin with the same thing each time.
	w.n.Store(rand.Uint64N(w.total))
	return w
}

// Total returns after how many turns everything has got its share.
func (w *Weighted) Total() uint64 { return w.total }

// Next returns the number of the thing whose turn it is.
func (w *Weighted) Next() int {
	n := (w.n.Add(1) - 1) % w.total
	hi, lo := bits.Mul64(n, w.step)
	at := bits.Rem64(hi, lo, w.total)
	return sort.Search(len(w.ends), func(i int) bool { return at < w.ends[i] })
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

// ByWeight takes the member whose turn it is by its weight, as InTurn does without
// weights. weights has as many things as there are members.
func ByWeight(members, skip []*Member, weights *Weighted, ramp Ramp) int {
	first := weights.Next()
	if ramp.Window > 0 {
		for range 4 * len(members) {
			if share := ramp.Share(members[first]); share >= 1 || rand.Float64() < share {
				break
			}
			first = weights.Next()
		}
	}
	return next(members, skip, first)
}
