package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// trimEvery is how often the trimmer looks whether the process has come to rest.
const trimEvery = 10 * time.Second

// While it rests, a process allocates less than restingBytes from one look to the
// next. Memory is given back once worthyBytes were allocated since it was last.
const (
	restingBytes = 4 << 20
	worthyBytes  = 2 << 20
)

// trimmer gives memory back to the system once a burst of work is over. Go by
// itself collects a heap that nobody adds to only every two minutes, and keeps
// what it had been grown to for longer; an attack or a rush would be seen in the
// size of the process long after it has ended.
//
// It goes by what is allocated and not by cycles of the collector: a heap that was
// large when it was collected last takes as much again before the next cycle.
type trimmer struct {
	// allocated are the bytes that were ever allocated when the trimmer looked last,
	// trimmed those when it gave memory back last.
	allocated, trimmed uint64
}

// resting says whether to give memory back now: little was allocated since the
// last look, but enough since memory was given back last.
func (t *trimmer) resting(allocated uint64) bool {
	quiet := allocated-t.allocated < restingBytes
	t.allocated = allocated
	return quiet && allocated-t.trimmed >= worthyBytes
}

// trimUntilStopped trims until stop, which waits for the end of it.
func trimUntilStopped() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		new(trimmer).run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// run trims until ctx ends.
func (t *trimmer) run(ctx context.Context) {
	ticks := time.NewTicker(trimEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if t.resting(allocated()) {
			// What is in a pool outlives one collection, and FreeOSMemory is the other.
			runtime.GC()
			debug.FreeOSMemory()
			t.trimmed = t.allocated
		}
	}
}

// allocated returns how many bytes were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
