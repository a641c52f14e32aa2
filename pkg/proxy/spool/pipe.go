package spool

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// ErrLeft says that nobody reads any more.
var ErrLeft = errors.New("spool: the reader has left")

// ErrLost says that what was written to disk cannot be read.
var ErrLost = errors.New("spool: what is on disk cannot be read")

// chunkSize is what memory is taken by.
const chunkSize = 8 << 10

var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// Pipe passes the bytes of one body from the goroutine that writes them to the one that reads them, and
// keeps what the reader has not taken yet: in memory first, the rest on disk. When it holds as much as
// it may, by itself or together with all others, which must leave a quarter for Bodies, the writer waits; it never waits for the others, as an
// empty Pipe passes bytes from hand to hand.
//
// What is in memory is older than what is on disk.
type Pipe struct {
	pool *Pool
	// maxMemory and maxDisk bound what is kept, in bytes.
	maxMemory, maxDisk int64

	mu      sync.Mutex
	changed sync.Cond
	// memory are the chunks in order; the first is read from first on, the last is filled up to last.
	memory      []*[chunkSize]byte
	first, last int
	// file is a ring of ring bytes, of which size were ever written. The bytes from taken to stored, which
	// count on without end, are unread; the writer alone changes the others, the reader taken.
	file                      *os.File
	ring, size, stored, taken int64
	// failed is what the disk could not be written for; it is not tried again.
	failed error
	// hand is what the writer holds out, nil for nothing.
	hand []byte
	// ended is what is read behind the last byte, nil before it is known.
	ended error
	left  bool
}

// Pipe makes an empty Pipe that keeps so much in memory, rounded up to 8 KiB, and so much beyond on disk.
// Release must be called at its end.
func (p *Pool) Pipe(memory, disk int64) *Pipe {
	e := &Pipe{pool: p, maxMemory: (memory + chunkSize - 1) / chunkSize * chunkSize, maxDisk: disk}
	e.changed.L = &e.mu
	return e
}

// forPipes is the part of what all bodies may hold that is for Pipes: they can do without, and a Body cannot.
func forPipes(all int64) int64 { return all - all/4 }

// Write passes bytes on. It waits as long as there is no room for them, and fails with ErrLeft alone.
func (p *Pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := b
	for len(rest) > 0 {
		if p.left {
			return len(b) - len(rest), ErrLeft
		}
		n := p.keep(rest)
		if n == 0 {
			n = p.spill(rest)
		}
		if n == 0 && p.empty() {
			n = p.offer(rest)
		} else if n == 0 {
			p.changed.Wait()
			continue
		}
		rest = rest[n:]
		p.changed.Broadcast()
	}
	return len(b), nil
}

func (p *Pipe) empty() bool { return len(p.memory) == 0 && p.stored == p.taken }

// keep adds as many bytes to memory as have room there.
func (p *Pipe) keep(b []byte) (n int) {
	if p.stored != p.taken {
		return 0 // They would overtake others.
	}
	for n < len(b) {
		if len(p.memory) == 0 || p.last == chunkSize {
			if int64(len(p.memory)) >= p.maxMemory/chunkSize || !reserve(&p.pool.memory, chunkSize, forPipes(p.pool.opts.MaxMemory)) {
				break
			}
			p.memory, p.last = append(p.memory, chunks.Get().(*[chunkSize]byte)), 0
		}
		m := copy(p.memory[len(p.memory)-1][p.last:], b[n:])
		p.last += m
		n += m
	}
	return n
}

// spill writes as many bytes to disk as have room in one place there.
func (p *Pipe) spill(b []byte) int {
	if p.maxDisk == 0 || p.failed != nil {
		return 0
	}
	if p.stored == p.taken { // What was written before can be written over.
		p.ring, p.stored, p.taken = p.maxDisk, 0, 0
	}
	at := p.stored % p.ring
	n := min(int64(len(b)), p.ring-(p.stored-p.taken), p.ring-at)
	if at+n > p.size {
		if !reserve(&p.pool.disk, at+n-p.size, forPipes(p.pool.opts.MaxDisk)) {
			// The ring has not come round yet, so it may be as small as it is.
			p.ring = p.size
			if p.ring == 0 {
				return 0
			}
			at = p.stored % p.ring
			n = min(int64(len(b)), p.ring-(p.stored-p.taken), p.ring-at)
		}
		p.size = max(p.size, at+n)
	}
	if n == 0 {
		return 0
	}
	// The reader does not look at these bytes, nor at the file, before it is told.
	p.mu.Unlock()
	err := p.writeAt(b[:n], at)
	p.mu.Lock()
	if err != nil {
		p.failed = err
		return 0
	}
	p.stored += n
	return int(n)
}

func (p *Pipe) writeAt(b []byte, at int64) (err error) {
	if p.file == nil {
		if p.file, err = p.pool.open(); err != nil {
			return err
		}
	}
	_, err = p.file.WriteAt(b, at)
	return err
}

// offer holds bytes out until the reader has taken some of them, or has left.
func (p *Pipe) offer(b []byte) int {
	p.hand = b
	p.changed.Broadcast()
	for len(p.hand) == len(b) && !p.left {
		p.changed.Wait()
	}
	n := len(b) - len(p.hand)
	p.hand = nil
	return n
}

// End says what is read behind the last byte: io.EOF, or why the rest is missing.
func (p *Pipe) End(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = err
	p.changed.Broadcast()
}

// Waiting says that Read would wait.
func (p *Pipe) Waiting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.empty() && p.hand == nil && p.ended == nil && !p.left
}

// Read takes bytes, and waits as long as there are none. It fails with what End was told, with ErrLost, and
// with ErrLeft.
func (p *Pipe) Read(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.left:
			return 0, ErrLeft
		case len(p.memory) > 0:
			n = p.takeMemory(b)
		case p.stored > p.taken:
			n, err = p.takeDisk(b)
		case len(p.hand) > 0:
			n = copy(b, p.hand)
			p.hand = p.hand[n:]
		case p.ended != nil:
			return 0, p.ended
		default:
			p.changed.Wait()
			continue
		}
		p.changed.Broadcast()
		return n, err
	}
}

func (p *Pipe) takeMemory(b []byte) int {
	end := chunkSize
	if len(p.memory) == 1 {
		end = p.last
	}
	n := copy(b, p.memory[0][p.first:end])
	if p.first += n; p.first == end {
		p.dropChunk()
	}
	return n
}

func (p *Pipe) dropChunk() {
	chunks.Put(p.memory[0])
	p.memory[0] = nil
	p.memory, p.first = p.memory[1:], 0
	p.pool.memory.Add(-chunkSize)
}

func (p *Pipe) takeDisk(b []byte) (int, error) {
	at := p.taken % p.ring
	b = b[:min(int64(len(b)), p.stored-p.taken, p.ring-at)]
	// The writer does not touch unread bytes.
	p.mu.Unlock()
	n, err := p.file.ReadAt(b, at)
	p.mu.Lock()
	p.taken += int64(n)
	if n == 0 && err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLost, err)
	}
	return n, nil
}

// Leave ends the Pipe before all was read: what it keeps is for nobody. Any goroutine may call it.
func (p *Pipe) Leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = true
	p.changed.Broadcast()
}

// Left says that Leave was called.
func (p *Pipe) Left() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

// Release gives back what the Pipe holds, once nobody writes or reads any more. It returns what
// the disk could not be written for, in which case the Pipe did without.
func (p *Pipe) Release() error {
	for len(p.memory) > 0 {
		p.dropChunk()
	}
	p.pool.disk.Add(-p.size)
	p.size = 0
	if p.file != nil {
		// Nobody misses what a file without a name cannot be closed for.
		_ = p.file.Close()
		p.file = nil
	}
	return p.failed
}
