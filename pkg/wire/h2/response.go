package h2

import (
	"bytes"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// response is what a stream has on the client's side.
type response struct {
	// toHead says that the request was HEAD.
	toHead bool
	// protocol is that of an extended CONNECT, empty for other requests.
	protocol []byte
	// room is where block and small come from.
	room *room

	// What follows is guarded by c.mu.

	// promised says that the stream counts among client.taken.
	promised bool
	// answered says that the head of the final response has come.
	answered bool
	// interims counts the informational responses, heads are those responses not yet read,
	// headRoom is room for the only one that most have.
	interims int
	heads    []wire.Response
	headRoom [1]wire.Response
}

// maxInterims bounds the informational responses to one request.
const maxInterims = 32

// WriteRequest begins the request, on the client's side. It is sent with what follows: the
// body by WriteBody, its end by Finish. ErrInvalidHead and ErrUpgrade mean that the request must not be written.
//
// A request with an Upgrade becomes an extended CONNECT. It waits for the endpoint's SETTINGS, and fails as writing
// does, with ErrRefused too. What is written behind it are the tunnel's bytes.
func (s *Stream) WriteRequest(r *wire.Request) (err error) {
	if len(r.Upgrade) > 0 {
		if err := s.awaitConnect(); err != nil {
			return err
		}
	}
	s.block, err = appendRequest(s.block[:0], s.c.client.scheme, r)
	if err != nil {
		s.block = s.block[:0]
		return err
	}
	s.headPending, s.left = true, r.Length
	s.toHead = string(r.Method) == "HEAD"
	if len(r.Upgrade) > 0 {
		s.protocol, s.left = bytes.Clone(r.Upgrade), wire.UnknownLength
	}
	return nil
}

// begin makes the stream one of the connection's, now that its head is sent: identifiers
// have to rise (RFC 9113 section 5.1.1). c.mu is held.
func (s *Stream) begin() error {
	c := s.c
	switch {
	case s.over != nil:
		return s.over
	case c.closed, c.client.refusing, c.writeErr != nil:
		return ErrRefused
	}
	if c.lastID == 0 {
		c.lastID = 1
	} else {
		c.lastID += 2
	}
	s.id = c.lastID
	s.receiveWindow, s.sendWindow = c.opts.StreamWindow, c.peerWindow
	s.expected = wire.UnknownLength
	c.streams[s.id] = s
	c.glitches.Give(creditStream)
	return nil
}

// ReadResponse waits for the next response, informational ones too (but 101, which HTTP/2 has not), and
// reads its head into r. It fails as Read does, and with ErrRefused. What r holds is valid for good. The success
// of an extended CONNECT is read as the 101 that HTTP/1.1 has for it.
func (s *Stream) ReadResponse(r *wire.Response) error {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(s.heads) == 0 {
		if s.over != nil {
			return s.over
		}
		if err := s.read.sleep(c); err != nil {
			return err
		}
	}
	// The reading side gets r's memory in exchange.
	head := &s.heads[0]
	r.Reset()
	*r, *head = *head, *r
	c.client.keep(*head)
	*head = wire.Response{}
	s.heads = s.heads[1:]
	if s.connected(r.Status) {
		switchTo(r, s.protocol)
	}
	return nil
}

// Leave ends the use of a stream that ClientConn.Open returned. One that has not come to
// its end is reset.
func (s *Stream) Leave() {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.over == nil {
		s.over = ErrClosed
		if s.id != 0 {
			c.reset(s.id, Cancel) // Before it is detached, so that it goes out.
		}
		s.detach()
	}
	c.giveBack(s.body.unread())
	s.body.release()
	s.heads = nil
	if s.sent && s.room != nil {
		// Nobody writes any more.
		s.room.put(s.block, s.small, s.trailer)
		s.room, s.block, s.small, s.trailer = nil, nil, nil, wire.Header{}
	}
	c.kick()
}

// room is memory for what a stream of the client's side writes, and for the trailers that it reads.
type room struct {
	block, small []byte
	trailer      wire.Header
}

var rooms = sync.Pool{New: func() any { return new(room) }}

// put keeps memory for further streams.
func (m *room) put(block, small []byte, trailer wire.Header) {
	if cap(block)+cap(small) <= maxKept {
		trailer.Reset()
		m.block, m.small, m.trailer = block[:0], small[:0], trailer
		rooms.Put(m)
	}
}

// takeResponse hands a response's head over. c.mu is held.
func (c *Conn) takeResponse(b *block) error {
	s := c.streams[b.id]
	if s == nil {
		return nil // It has ended meanwhile.
	}
	if c.section.Refused() != nil || c.section.CloseResponse(b.ended, s.toHead) != "" {
		return c.breach(b.id, ProtocolError)
	}
	r := c.client.resp
	if r.Status < 200 {
		if s.interims++; s.interims > maxInterims {
			return c.breach(b.id, EnhanceYourCalm)
		}
	} else {
		s.answered = true
		s.expected = r.Length
		switch {
		case s.connected(r.Status):
			s.expected = wire.UnknownLength // RFC 9110 section 9.3.6: whatever Content-Length says.
		case r.NoBody:
			s.expected = 0
		}
	}
	s.heads = append(s.heads, r)
	s.read.cond.Broadcast()
	if b.ended {
		s.endOfBody()
	}
	return nil
}

// resetByEndpoint serves RST_STREAM. c.mu is held.
func (s *Stream) resetByEndpoint(code Code) {
	switch {
	case s.ended:
		// RFC 9113 section 8.1: the response is complete, and the rest of the request is not wanted.
		s.over = ErrClosed
		s.detach()
		s.write.cond.Broadcast()
	case code == RefusedStream && !s.answered:
		s.kill(ErrRefused)
	default:
		s.kill(ErrReset)
	}
}

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (s *Stream) SetDeadline(at time.Time) {
	s.SetReadDeadline(at)
	s.SetWriteDeadline(at)
}
