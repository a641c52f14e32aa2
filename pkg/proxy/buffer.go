package proxy

import (
	"sync"
	"sync/atomic"
)

// copyBuffers hold pieces of bodies.
var copyBuffers = sync.Pool{New: func() any { return new([copySize]byte) }}

const copySize = 32 << 10

// smallBuffers hold pieces of what moves little.
var smallBuffers = sync.Pool{New: func() any { return new([smallSize]byte) }}

const smallSize = 2 << 10

// maxLarge bounds the large buffers of the exchanges of one connection that has many at a
// time: the client may let each of them wait with what it holds.
const maxLarge = 8

// adaptiveBuffer is small until a read fills it, and large until one would have
// had room in a small one: whoever waits for bytes that do not come holds little.
type adaptiveBuffer struct {
	small *[smallSize]byte
	large *[copySize]byte
	// of counts the large ones of the connection; nil where that has only this one.
	of *atomic.Int32
}

// get returns a buffer for a read of which no more than room bytes can be passed on at once. What
// is more than that would only be held, and is better left where it comes from.
func (b *adaptiveBuffer) get(room int) []byte {
	if room < smallSize {
		b.shrink()
	}
	if b.large != nil {
		return b.large[:min(room, copySize)]
	}
	if b.small == nil {
		b.small = smallBuffers.Get().(*[smallSize]byte)
	}
	return b.small[:]
}

// adapt notes that a read had n bytes, which are done with.
func (b *adaptiveBuffer) adapt(n int) {
	switch {
	case n < smallSize:
		b.shrink()
	case b.large == nil && b.mayGrow():
		b.large = copyBuffers.Get().(*[copySize]byte)
	}
}

// mayGrow counts one more large buffer of the connection, where it may have that.
func (b *adaptiveBuffer) mayGrow() bool {
	if b.of == nil || b.of.Add(1) <= maxLarge {
		return true
	}
	b.of.Add(-1)
	return false
}

func (b *adaptiveBuffer) shrink() {
	if b.large != nil {
		copyBuffers.Put(b.large)
		b.large = nil
		if b.of != nil {
			b.of.Add(-1)
		}
	}
}

func (b *adaptiveBuffer) release() {
	b.shrink()
	if b.small != nil {
		smallBuffers.Put(b.small)
		b.small = nil
	}
}
