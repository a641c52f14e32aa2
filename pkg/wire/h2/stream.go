package h2

import (
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// Stream is one request and its response. It is valid until the function that
// serves it returns.
type Stream struct {
	c  *Conn
	id uint32

	req     wire.Request
	arena   []byte
	refused *Error
	trailer wire.Header
	// block is the field section that waits to be sent, small what of the body waits with it.
	block, small []byte
	headPending  bool
	// left is what the response's body still lacks, UnknownLength where that is unknown.
	left int64
	// drop says that the response has no body, whatever is written.
	drop bool

	// start is run, bound once so that starting its goroutine allocates nothing more.
	start func()

	// response is what only the client's side has.
	response

	// What follows is guarded by c.mu.

	// over is why nothing moves any more, nil while something does.
	over error
	// onGone is called when the stream is over before its end.
	onGone func()
	// killed says that the stream did not come to its end, or is not to be used again.
	killed bool

	read, write   wait
	body          buffer
	ended         bool // by the client
	receiveWindow int
	unreturned    int
	// expected is the announced length of the body, or UnknownLength; received is what has come.
	expected, received int64
	sendWindow         int
	sent               bool // all of the response is
	queued             bool // in c.turns
}

var streams = sync.Pool{New: func() any { return new(Stream) }}

// newStream makes a stream for a head that is about to be read.
func newStream(c *Conn, id uint32) *Stream {
	s := streams.Get().(*Stream)
	s.c, s.id = c, id
	if s.start == nil {
		s.start = s.run
	}
	s.read.cond.L, s.write.cond.L = &c.mu, &c.mu
	return s
}

// open makes the stream one of the connection's, once its head is there. c.mu is held.
func (s *Stream) open(ended bool) {
	s.receiveWindow, s.sendWindow = s.c.opts.StreamWindow, s.c.peerWindow
	s.expected, s.ended = s.req.Length, ended
	if len(s.req.Upgrade) > 0 {
		s.expected = wire.UnknownLength
	}
	s.left = wire.UnknownLength
}

// kill ends the stream before its end. c.mu is held.
func (s *Stream) kill(why error) {
	s.over, s.killed = why, true
	s.detach()
	if s.onGone != nil {
		s.c.gone = append(s.c.gone, s.onGone)
		s.onGone = nil
	}
	s.read.cond.Broadcast()
	s.write.cond.Broadcast()
}

// detach makes the stream a closed one. c.mu is held.
func (s *Stream) detach() {
	c := s.c
	delete(c.streams, s.id)
	if c.client != nil {
		c.leaveSlot(s)
	}
	if len(c.streams) == 0 {
		c.finishIfDrained()
	}
}

// detachIfDone does so if both sides have come to their end. c.mu is held.
func (s *Stream) detachIfDone() {
	if s.sent && s.ended && s.over == nil {
		s.over = ErrClosed
		s.detach()
		s.c.resets.Give(1)
	}
}

// leave ends the work on a stream.
func (c *Conn) leave(s *Stream) {
	c.mu.Lock()
	if s.over == nil {
		code := NoError // RFC 9113 section 8.1: the rest of the request is not wanted.
		if !s.sent {
			code = InternalError
		}
		s.over = ErrClosed
		s.detach()
		c.reset(s.id, code)
		if s.sent {
			c.resets.Give(1)
		}
	}
	c.giveBack(s.body.unread())
	s.body.release()
	if s.read.sleeping+s.write.sleeping > 0 {
		s.killed = true // Whoever still waits must not wake up in another stream.
	}
	if c.running--; c.running == 0 {
		c.idleAt = time.Now()
		c.quiet.Broadcast()
	}
	c.flush()
	c.mu.Unlock()
	if !s.killed {
		s.recycle()
	}
}

// recycle gives the stream's memory back. One that was killed is left to the
// collector: somebody may still be about to be told of its end.
func (s *Stream) recycle() {
	*s = Stream{start: s.start, req: s.req, arena: s.arena[:0], trailer: s.trailer, block: s.block[:0], small: s.small[:0]}
	s.req.Reset()
	s.trailer.Reset()
	if cap(s.arena)+cap(s.block)+cap(s.small) <= maxKept {
		streams.Put(s)
	}
}

// maxKept bounds the memory of streams that wait to be used again.
const maxKept = 16 << 10

// OnGone has f called when the client resets the stream or the connection ends
// before the stream does; at once if that has happened. f is called once, by another
// goroutine. nil takes it back; happened says that it is too late for that: f was
// called, or is about to be.
func (s *Stream) OnGone(f func()) (happened bool) {
	s.c.mu.Lock()
	killed := s.killed
	if !killed {
		s.onGone = f
	}
	s.c.mu.Unlock()
	if killed && f != nil {
		f()
	}
	return killed
}

// Conn returns the connection of the stream.
func (s *Stream) Conn() *Conn { return s.c }

// Reset ends the stream so that the client cannot take it for complete.
func (s *Stream) Reset(code Code) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.over != nil {
		return
	}
	s.over = ErrClosed
	s.detach()
	if s.id != 0 {
		c.reset(s.id, code)
	}
	s.read.cond.Broadcast()
	s.write.cond.Broadcast()
	c.kick()
}

// SetReadDeadline bounds reads of the body, pending ones too; zero means no bound. Any goroutine may call it.
func (s *Stream) SetReadDeadline(at time.Time) { s.read.set(s.c, at) }

// SetWriteDeadline bounds the time that writes wait for the client's window. Any goroutine may call it.
func (s *Stream) SetWriteDeadline(at time.Time) { s.write.set(s.c, at) }
