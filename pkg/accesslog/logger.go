package accesslog

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Format is how a line is written.
type Format uint8

const (
	// JSON is one object a line (RFC 8259).
	JSON Format = iota
	// Text is for reading.
	Text
)

// Options are what a Logger can be told. The zero value is ready for use.
type Options struct {
	Format Format
	// FlushEvery bounds how late a line is written; 0 means 200 ms.
	FlushEvery time.Duration
	// MaxBuffered bounds the bytes that wait to be written; 0 means 4 MiB. Lines
	// beyond it are dropped and counted: a log that nobody reads must not stop
	// traffic.
	MaxBuffered int
}

// writeAt is how many waiting bytes are written without waiting for the timer.
const writeAt = 64 << 10

// Logger writes entries as lines.
type Logger struct {
	w           io.Writer
	format      Format
	flushEvery  time.Duration
	maxBuffered int
	dropped     atomic.Uint64
	// full wakes the writing goroutine ahead of its timer.
	full chan struct{}
	stop chan struct{}
	done chan struct{}

	// mu guards what follows.
	mu      sync.Mutex
	waiting []byte
	closed  bool

	// err is the writer's first error; only the writing goroutine touches it until done is closed.
	err error
}

// New makes a Logger that writes to w, and starts its goroutine. Write gets
// whole lines, and is called by one goroutine at a time.
func New(w io.Writer, o Options) *Logger {
	if o.FlushEvery == 0 {
		o.FlushEvery = 200 * time.Millisecond
	}
	if o.MaxBuffered == 0 {
		o.MaxBuffered = 4 << 20
	}
	l := &Logger{
		w:           w,
		format:      o.Format,
		flushEvery:  o.FlushEvery,
		maxBuffered: o.MaxBuffered,
		full:        make(chan struct{}, 1),
		stop:        make(chan struct{}),
		done:        make(chan struct{}),
	}
	go l.write()
	return l
}

// lines are buffers in which lines are made before the lock is taken.
var lines = sync.Pool{New: func() any { return new(line) }}

// Log takes over one entry; e is not kept. It never waits for the writer.
// Entries that come after Close count as dropped.
func (l *Logger) Log(e *Entry) {
	b := lines.Get().(*line)
	b.reset()
	if l.format == Text {
		b.text(e)
	} else {
		b.json(e)
	}
	l.mu.Lock()
	n := len(l.waiting) + len(b.buf)
	fits := !l.closed && n <= l.maxBuffered
	if fits {
		l.waiting = append(l.waiting, b.buf...)
	}
	l.mu.Unlock()
	if !fits {
		l.dropped.Add(1)
	} else if n >= writeAt {
		select {
		case l.full <- struct{}{}:
		default:
		}
	}
	lines.Put(b)
}

// Dropped returns how many lines were dropped, because the writer was too slow
// or failed. The log itself says so, too, in a line of its own as soon as
// it can be written again.
func (l *Logger) Dropped() uint64 { return l.dropped.Load() }

// Close writes what waits and ends the goroutine. It returns the first error
// that the writer ever returned. Further calls do the same.
func (l *Logger) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.stop)
	}
	l.mu.Unlock()
	<-l.done
	return l.err
}

// write is the writing goroutine.
func (l *Logger) write() {
	defer close(l.done)
	ticker := time.NewTicker(l.flushEvery)
	defer ticker.Stop()
	var batch []byte
	var told uint64
	for stopped := false; !stopped; {
		select {
		case <-l.stop:
			stopped = true
		case <-l.full:
		case <-ticker.C:
		}
		l.mu.Lock()
		batch, l.waiting = l.waiting, batch[:0]
		l.mu.Unlock()
		if dropped := l.dropped.Load(); dropped > told {
			batch = l.appendDropped(batch, dropped-told)
			told = dropped
		}
		if len(batch) == 0 {
			continue
		}
		if _, err := l.w.Write(batch); err != nil {
			if l.err == nil {
				l.err = err
			}
			l.dropped.Add(countLines(batch))
		}
	}
}

// countLines returns how many lines are in a batch.
func countLines(batch []byte) uint64 {
	var n uint64
	for _, c := range batch {
		if c == '\n' {
			n++
		}
	}
	return n
}

// appendDropped adds the line that says how many are missing.
func (l *Logger) appendDropped(batch []byte, n uint64) []byte {
	b := lines.Get().(*line)
	defer lines.Put(b)
	b.reset()
	if l.format == Text {
		b.droppedText(time.Now(), n)
	} else {
		b.droppedJSON(time.Now(), n)
	}
	return append(batch, b.buf...)
}
