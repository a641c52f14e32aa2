package metrics

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// maxStripes bounds the memory of a counter on machines with many processors.
const maxStripes = 8

// stripes is how many copies a striped counter has, a power of two.
var stripes = func() uint32 {
	n := uint32(1)
	for n < maxStripes && n < uint32(runtime.GOMAXPROCS(0)) {
		n *= 2
	}
	return n
}()

// hints hands each processor a stripe of its own: a sync.Pool returns what was
// put into it on the same processor, as long as no collection comes between.
var hints = sync.Pool{New: func() any {
	h := nextHint.Add(1)
	return &h
}}

var nextHint atomic.Uint32

// stripe returns the number of a stripe, most often the one that this processor used last.
func stripe() uint32 {
	h := hints.Get().(*uint32)
	n := *h
	hints.Put(h)
	return n & (stripes - 1)
}
