package h2

import (
	"io"
	"sync"

	"github.com/sluice-dev/sluice/pkg/wire"
)

var _ wire.Body = (*Stream)(nil)

// takeData serves DATA (RFC 9113 section 6.1). c.mu is held.
func (c *Conn) takeData(f *frame) error {
	if f.id == 0 {
		return connStreamID
	}
	size := len(f.payload)
	if c.receiveWindow -= size; c.receiveWindow < 0 {
		return connWindow
	}
	if c.isIdle(f.id) {
		return connIdleStream
	}
	if !f.unpad() {
		return connPadding
	}
	s := c.streams[f.id]
	if s == nil || s.ended {
		c.giveBack(size)
		if s != nil || !c.wasOurs(f.id) {
			return c.breach(f.id, StreamClosed)
		}
		return c.spend(costIgnored)
	}
	if c.client != nil && !s.answered {
		c.giveBack(size)
		return c.breach(f.id, ProtocolError)
	}
	n := len(f.payload)
	s.received += int64(n)
	ended := f.has(flagEndStream)
	if s.receiveWindow -= size; s.receiveWindow < 0 {
		c.giveBack(size)
		return c.breach(f.id, FlowControlError)
	}
	if s.expected >= 0 && (s.received > s.expected || ended && s.received < s.expected) {
		c.giveBack(size)
		return c.breach(f.id, ProtocolError)
	}
	if n > 0 {
		s.body.write(f.payload)
		s.read.cond.Broadcast()
	}
	if ended {
		s.endOfBody()
	}
	if padding := size - n; padding > 0 {
		c.giveBack(padding)
		s.giveBack(padding)
	}
	if n == 0 && !ended {
		return c.spend(costEmptyData)
	}
	return nil
}

// endOfBody notes that the client has sent all. c.mu is held.
func (s *Stream) endOfBody() {
	s.ended = true
	s.read.cond.Broadcast()
	s.detachIfDone()
}

// giveBack opens the connection's window by what is not held any more, once that
// is worth a frame. c.mu is held.
func (c *Conn) giveBack(n int) {
	if c.unreturned += n; c.unreturned < c.opts.ConnWindow/2 || c.closed {
		return
	}
	c.out = appendWindowUpdate(c.begin(), 0, c.unreturned)
	c.receiveWindow += c.unreturned
	c.unreturned = 0
}

// giveBack does the same for the stream's window, unless all that is to come fits into it.
func (s *Stream) giveBack(n int) {
	s.unreturned += n
	if s.ended || s.over != nil || s.unreturned < s.c.opts.StreamWindow/2 {
		return
	}
	if s.expected >= 0 && s.expected-s.received <= int64(s.receiveWindow) {
		return
	}
	s.c.out = appendWindowUpdate(s.c.begin(), s.id, s.unreturned)
	s.receiveWindow += s.unreturned
	s.unreturned = 0
}

// Read reads the request's body, as wire.Body says. It fails with
// os.ErrDeadlineExceeded, ErrReset, ErrMalformed or ErrClosed.
func (s *Stream) Read(p []byte) (int, error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for s.body.unread() == 0 {
		switch {
		case s.killed:
			return 0, s.over
		case s.ended:
			return 0, io.EOF
		case s.over != nil:
			return 0, s.over
		case len(p) == 0:
			return 0, nil
		}
		if err := s.read.sleep(c); err != nil {
			return 0, err
		}
	}
	if s.killed && c.client == nil {
		return 0, s.over // Half of a request is of no use; half of a response is passed on.
	}
	n := s.body.read(p)
	c.giveBack(n)
	s.giveBack(n)
	c.kick()
	if s.ended && s.body.unread() == 0 {
		return n, io.EOF
	}
	return n, nil
}

// Trailer returns the trailer fields once Read has returned io.EOF, nil where there are none.
func (s *Stream) Trailer() *wire.Header {
	if s.trailer.Len() == 0 {
		return nil
	}
	return &s.trailer
}

// Buffered returns how many bytes of the body can be read at once.
func (s *Stream) Buffered() int {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.body.unread()
}

// BodyDone says that all of the request was read.
func (s *Stream) BodyDone() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.ended && s.body.unread() == 0
}

// buffer holds what of a body was not read yet. The windows bound it.
type buffer struct {
	// room is where it is, of the pool bodyBuffers[class]; nil while it is empty.
	room  *[]byte
	class int
	r, w  int
}

// bodySizes are the sizes of the buffers for bodies, each four times the one before. The
// largest holds a window.
var bodySizes = [...]int{4 << 10, 16 << 10, 64 << 10}

var bodyBuffers [len(bodySizes)]sync.Pool

func (b *buffer) unread() int { return b.w - b.r }

// bytes is the memory that it has.
func (b *buffer) bytes() []byte {
	if b.room == nil {
		return nil
	}
	return *b.room
}

func (b *buffer) write(p []byte) {
	if b.w+len(p) > len(b.bytes()) {
		b.grow(len(p))
	}
	b.w += copy(b.bytes()[b.w:], p)
}

// grow makes room for n more bytes: by moving what is unread down, else in a larger buffer.
func (b *buffer) grow(n int) {
	all := b.bytes()
	unread := all[b.r:b.w]
	if need := len(unread) + n; need > len(all) || b.r < len(all)/2 {
		larger := takeBody(max(need, 2*len(unread)))
		copy(larger.bytes(), unread)
		b.release()
		*b = larger
	} else {
		copy(all, unread)
	}
	b.r, b.w = 0, len(unread)
}

func (b *buffer) read(p []byte) int {
	n := copy(p, b.bytes()[b.r:b.w])
	if b.r += n; b.r == b.w {
		b.release()
	}
	return n
}

// release gives the memory back.
func (b *buffer) release() {
	if b.room != nil && b.class < len(bodyBuffers) {
		bodyBuffers[b.class].Put(b.room)
	}
	*b = buffer{}
}

// takeBody returns an empty buffer of at least n bytes.
func takeBody(n int) buffer {
	for i, size := range bodySizes {
		if n > size {
			continue
		}
		room, ok := bodyBuffers[i].Get().(*[]byte)
		if !ok {
			b := make([]byte, size)
			room = &b
		}
		return buffer{room: room, class: i}
	}
	b := make([]byte, n)
	return buffer{room: &b, class: len(bodyBuffers)}
}
