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

// trimmer gives memory back to the system once a burst of work is over. Go by
// itself collects a heap that nobody adds to only every two minutes, and keeps
// what it had been grown to for longer; an attack or a rush would be seen in the
// size of the process long after it has ended.
type trimmer struct {
	// collections are the cycles of the garbage collector when the trimmer looked
	// last, trimmed those when it gave memory back last.
	collections, trimmed uint64
}

// resting says whether to give memory back now: no cycle has run since the last look,
// so little was allocated, but some have since memory was given back last.
func (t *trimmer) resting(collections uint64) bool {
	quiet := collections == t.collections
	t.collections = collections
	return quiet && collections != t.trimmed
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
		if t.resting(collections()) {
			// What is in a pool outlives one collection, and FreeOSMemory is the other.
			runtime.GC()
			debug.FreeOSMemory()
			// These are cycles, too.
			t.collections = collections()
			t.trimmed = t.collections
		}
	}
}

// collections returns how many cycles of the garbage collector have ended.
func collections() uint64 {
	sample := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
