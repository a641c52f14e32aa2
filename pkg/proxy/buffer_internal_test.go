package proxy

import (
	"sync/atomic"
	"testing"
)

// TestBuffersGrowAndShrink reads with a buffer as one that relays does.
func TestBuffersGrowAndShrink(t *testing.T) {
	var of atomic.Int32
	b := adaptiveBuffer{of: &of}
	for i, step := range []struct{ room, want, read int }{
		{copySize, smallSize, 10},
		{copySize, smallSize, smallSize}, // There may be more.
		{copySize, copySize, copySize},
		{10_000, 10_000, 10_000}, // The client takes no more.
		{copySize, copySize, 10},
		{copySize, smallSize, smallSize},
		{0, smallSize, smallSize}, // It takes nothing, so what is read would be held.
		{copySize, copySize, copySize},
		{smallSize - 1, smallSize, 1},
	} {
		p := b.get(step.room)
		if len(p) != step.want {
			t.Errorf("step %d: %d bytes, want %d", i, len(p), step.want)
		}
		b.adapt(step.read)
	}
	b.release()
	if n := of.Load(); n != 0 {
		t.Errorf("%d large buffers are counted at the end", n)
	}
}

func TestLargeBuffersOfAConnectionAreBounded(t *testing.T) {
	var of atomic.Int32
	many := make([]adaptiveBuffer, 100)
	for i := range many {
		many[i].of = &of
		many[i].get(copySize)
		many[i].adapt(smallSize)
	}
	large := 0
	for i := range many {
		if len(many[i].get(copySize)) == copySize {
			large++
		}
	}
	if large != maxLarge {
		t.Errorf("%d are large, want %d", large, maxLarge)
	}
	many[0].adapt(1)
	if many[maxLarge].adapt(smallSize); len(many[maxLarge].get(copySize)) != copySize {
		t.Error("what was given back is not taken")
	}
	for i := range many {
		many[i].release()
	}
	if n := of.Load(); n != 0 {
		t.Errorf("%d large buffers are counted at the end", n)
	}
}
