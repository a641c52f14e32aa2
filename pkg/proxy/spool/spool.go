// Package spool keeps bodies: their begin in memory, the rest in a file without a name, which goes
// with the process.
//
// A Body is kept until it is complete: in come its bytes in order; out they come, as often as they are
// read. A Pipe keeps what its reader has not taken yet. What all of them hold together is
// bounded, in memory and on disk. A Pool may be used by any goroutine, a Body by one at a time, a Pipe
// by one that writes and one that reads.
package spool

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
)

// ErrFull says that bodies hold as much as they may.
var ErrFull = errors.New("spool: bodies hold as much as they may")

// Options bound a Pool.
type Options struct {
	// Dir is where files are; empty means the system's directory for such.
	Dir string
	// Head is how many bytes of one body are kept in memory.
	Head int
	// MaxMemory and MaxDisk bound all bodies together, in bytes.
	MaxMemory, MaxDisk int64
}

// Pool counts what bodies hold.
type Pool struct {
	opts         Options
	memory, disk atomic.Int64
}

// New makes a Pool.
func New(o Options) *Pool { return &Pool{opts: o} }

// Held returns how many bytes bodies hold in memory and on disk.
func (p *Pool) Held() (memory, disk int64) { return p.memory.Load(), p.disk.Load() }

// reserve adds n to a count, unless that would be more than most.
func reserve(count *atomic.Int64, n, most int64) bool {
	if count.Add(n) <= most {
		return true
	}
	count.Add(-n)
	return false
}

// Body is one body. Close must be called at its end.
type Body struct {
	pool *Pool
	head []byte
	file *os.File
	// reserved is what head counts for, onDisk what file has, read how much was read.
	reserved, onDisk, read int64
}

// Body makes an empty body.
func (p *Pool) Body() *Body { return &Body{pool: p} }

// Write adds bytes. It fails with ErrFull, or with what is wrong with the disk; then the body
// can only be closed.
func (b *Body) Write(p []byte) (int, error) {
	kept := 0
	if b.file == nil {
		kept = min(len(p), b.pool.opts.Head-len(b.head))
		if !b.keep(p[:kept]) {
			kept = 0
		}
	}
	rest := p[kept:]
	if len(rest) == 0 {
		return len(p), nil
	}
	if !reserve(&b.pool.disk, int64(len(rest)), b.pool.opts.MaxDisk) {
		return kept, ErrFull
	}
	b.onDisk += int64(len(rest))
	if b.file == nil {
		if err := b.open(); err != nil {
			return kept, err
		}
	}
	n, err := b.file.Write(rest)
	return kept + n, err
}

// keep adds bytes to the head; false means that there is no memory for that.
func (b *Body) keep(p []byte) bool {
	need := int64(len(b.head)+len(p)) - b.reserved
	if need > 0 {
		// What append takes at once is counted at once.
		need = max(need, min(b.reserved, int64(b.pool.opts.Head)-b.reserved))
		if !reserve(&b.pool.memory, need, b.pool.opts.MaxMemory) {
			return false
		}
		b.reserved += need
	}
	b.head = append(b.head, p...)
	return true
}

func (b *Body) open() (err error) {
	b.file, err = b.pool.open()
	return err
}

// open makes a file, and takes its name away, so that nobody else finds it and nothing is left
// of it when the process ends, however it does.
func (p *Pool) open() (*os.File, error) {
	f, err := os.CreateTemp(p.opts.Dir, "sluice-body-")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

// Len returns how many bytes the body has.
func (b *Body) Len() int64 { return int64(len(b.head)) + b.onDisk }

// Rewind makes Read begin anew.
func (b *Body) Rewind() { b.read = 0 }

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	if b.read < int64(len(b.head)) {
		n := copy(p, b.head[b.read:])
		b.read += int64(n)
		return n, nil
	}
	if b.read >= b.Len() {
		return 0, io.EOF
	}
	n, err := b.file.ReadAt(p[:min(int64(len(p)), b.Len()-b.read)], b.read-int64(len(b.head)))
	b.read += int64(n)
	if n > 0 {
		return n, nil
	}
	return n, err
}

// Close gives back what the body holds.
func (b *Body) Close() error {
	b.pool.memory.Add(-b.reserved)
	b.pool.disk.Add(-b.onDisk)
	f := b.file
	*b = Body{pool: b.pool}
	if f == nil {
		return nil
	}
	return f.Close()
}
