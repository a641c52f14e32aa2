package h2

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// readSize is the size of read buffers; the largest frame fits.
const readSize = 32 << 10

var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// input is the reading side's buffer: b[r:w] is unread.
type input struct {
	b    *[readSize]byte
	r, w int
	// early holds what was read before the codec was there.
	early []byte
	// first is where the first bytes after a silence go.
	first [frameHeaderSize]byte

	// deadline is what the connection was told last.
	deadline time.Time
	// since is when the wait for the rest of a frame, or for a stream, began; partial
	// says that it is for the former.
	since   time.Time
	partial bool
}

// take hands over bytes that were read elsewhere.
func (in *input) take(p []byte) { in.early = append(in.early, p...) }

func (in *input) unread() int { return in.w - in.r }

func (in *input) release() {
	if in.b != nil {
		readBuffers.Put(in.b)
		in.b = nil
	}
	in.r, in.w = 0, 0
}

// next returns the next frame if all of it is there.
func (in *input) next() (f frame, ok bool, err error) {
	if in.unread() < frameHeaderSize {
		return f, false, nil
	}
	h := in.b[in.r:in.w]
	n := int(h[0])<<16 | int(h[1])<<8 | int(h[2])
	if n > maxFrame {
		return f, false, connFrameSize
	}
	if len(h) < frameHeaderSize+n {
		return f, false, nil
	}
	f = frame{
		kind: frameType(h[3]), flags: h[4], id: binary.BigEndian.Uint32(h[5:]) & maxStreamID,
		payload: h[frameHeaderSize : frameHeaderSize+n],
	}
	in.r += frameHeaderSize + n
	return f, true, nil
}

// inData says that the frame of which some is there is one of a body.
func (in *input) inData() bool {
	return in.unread() >= frameHeaderSize && frameType(in.b[in.r+3]) == frameData
}

// read reads at least one byte behind those unread. With small set it does not hold a buffer meanwhile.
func (in *input) read(nc net.Conn, small bool) error {
	if in.r == in.w {
		in.r, in.w = 0, 0
	}
	if len(in.early) > 0 {
		in.grow()
		n := copy(in.b[in.w:], in.early)
		in.w += n
		in.early = in.early[n:]
		return nil
	}
	if small && in.w == 0 {
		in.release()
		n, err := nc.Read(in.first[:])
		if n == 0 {
			return noProgress(err)
		}
		in.grow()
		in.w = copy(in.b[:], in.first[:n])
		return nil
	}
	in.grow()
	n, err := nc.Read(in.b[in.w:])
	if n == 0 {
		return noProgress(err)
	}
	in.w += n
	return nil
}

func noProgress(err error) error {
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// grow makes room for the rest of a frame.
func (in *input) grow() {
	if in.b == nil {
		in.b = readBuffers.Get().(*[readSize]byte)
	}
	if in.r > 0 && len(in.b)-in.r < frameHeaderSize+maxFrame {
		in.w = copy(in.b[:], in.b[in.r:in.w])
		in.r = 0
	}
}

// keepBuffer is how long a connection without streams keeps its read buffer.
const keepBuffer = time.Second

// busyTick is how often a connection with streams looks whether they have ended in silence.
const busyTick = 5 * time.Second

// fill waits for more bytes, as long as the client may take for them.
func (c *Conn) fill() error {
	in := &c.in
	now := time.Now()
	partial := in.unread() > 0 || c.block.open
	if in.since.IsZero() || partial && !in.partial {
		// A frame of which some has come after a silence is as slow as its rest, not as the silence.
		in.since, in.partial = now, partial
	}
	for keep := keepBuffer; ; {
		limit := c.opts.IdleTimeout
		if partial && !in.inData() || !c.settled {
			limit = c.opts.HeadTimeout
		}
		busy, idleAt := c.status()
		if idleAt.After(in.since) {
			in.since = idleAt
		}
		wait := limit - now.Sub(in.since)
		idle := !partial && !busy
		switch {
		case !partial && busy:
			wait = busyTick // Each stream has bounds of its own.
		case wait <= 0 && partial:
			return connSlow
		case wait <= 0 && c.client == nil || wait <= 0 && c.retireIdle():
			return errFinished
		case wait <= 0:
			now, wait = time.Now(), busyTick // A stream was opened meanwhile.
		case idle:
			wait = min(wait, keep)
		}
		if in.deadline.IsZero() || in.deadline.Sub(now) > wait+wait/16 {
			in.deadline = now.Add(wait)
			_ = c.nc.SetReadDeadline(in.deadline) // Where it fails, so does the read.
		}
		if c.finished() {
			return errFinished // Behind the deadline, as it may have replaced the one that was to tell us.
		}
		err := in.read(c.nc, idle && keep > limit)
		if err == nil {
			return nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		now = time.Now()
		in.deadline = time.Time{}
		if idle && now.Sub(in.since) >= keep {
			keep = limit + 1
			c.releaseIdle()
		}
	}
}

// status says whether there are streams, and since when there are none.
func (c *Conn) status() (busy bool, idleAt time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.streams) > 0 || c.running > 0, c.idleAt
}

// IdleSince returns since when there are no streams; false means that there are some, or
// that the connection ends. Any goroutine may call it.
func (c *Conn) IdleSince() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idleAt, len(c.streams) == 0 && c.running == 0 && !c.drain.begun && !c.closed
}

func (c *Conn) finished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drain.finished
}

// releaseIdle lets a silent connection hold no buffers for output.
func (c *Conn) releaseIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.writing && len(c.out) == 0 {
		c.releaseOutput()
	}
}
