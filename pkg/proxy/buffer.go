package proxy

import "sync"

// copyBuffers hold pieces of bodies.
var copyBuffers = sync.Pool{New: func() any { return new([copySize]byte) }}

const copySize = 32 << 10

// smallBuffers hold pieces of what moves little.
var smallBuffers = sync.Pool{New: func() any { return new([smallSize]byte) }}

const smallSize = 2 << 10

// adaptiveBuffer is small until a read fills it, and large until one would have
// had room in a small one: whoever waits for bytes that do not come holds little.
type adaptiveBuffer struct {
	small *[smallSize]byte
	large *[copySize]byte
}

func (b *adaptiveBuffer) get() []byte {
	if b.large != nil {
		return b.large[:]
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
	case b.large == nil:
		b.large = copyBuffers.Get().(*[copySize]byte)
	}
}

func (b *adaptiveBuffer) shrink() {
	if b.large != nil {
		copyBuffers.Put(b.large)
		b.large = nil
	}
}

func (b *adaptiveBuffer) release() {
	b.shrink()
	if b.small != nil {
		smallBuffers.Put(b.small)
		b.small = nil
	}
}
