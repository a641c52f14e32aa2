package h1

import "sync"

// buffer is a piece of pooled memory.
type buffer struct {
	b []byte
	// lines holds the ends of the lines of the section that is being read, as
	// offsets from its start. It is here, not in Conn, so that idle connections do without.
	lines []int32
	// nominated holds the names that Connection nominates, while a head is parsed.
	nominated [][]byte
}

// Sizes of pooled buffers. A request is awaited in a small one, for a client
// may send the first bytes of a head and then nothing for long; a response is read and everything
// is written in an ordinary one; the others are for large heads.
const (
	smallSize     = 4 << 10
	bufferSize    = 16 << 10
	bufferClasses = 4
)

func sizeOf(class int) int { return smallSize << (2 * class) }

var pools [bufferClasses]sync.Pool

// getBuffer returns a buffer of at least size bytes.
func getBuffer(size int) *buffer {
	for class := range bufferClasses {
		if size > sizeOf(class) {
			continue
		}
		if b, ok := pools[class].Get().(*buffer); ok {
			return b
		}
		return &buffer{b: make([]byte, sizeOf(class))}
	}
	return &buffer{b: make([]byte, size)}
}

// putBuffer gives b back; buffers of odd sizes are left to the collector.
func putBuffer(b *buffer) {
	if b == nil {
		return
	}
	clear(b.nominated)
	b.nominated = b.nominated[:0]
	b.b = b.b[:cap(b.b)]
	for class := range bufferClasses {
		if len(b.b) == sizeOf(class) {
			pools[class].Put(b)
			return
		}
	}
}
