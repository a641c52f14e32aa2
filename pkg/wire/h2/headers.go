package h2

import (
	"encoding/binary"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// block is the field section that is being read, from HEADERS to the frame
// with END_HEADERS. Even one that nobody wants is decoded, as the next one builds on its table.
type block struct {
	open bool
	id   uint32
	// ended says that HEADERS had END_STREAM.
	ended bool
	// s is the new stream, nil for trailers and what nobody wants.
	s *Stream
	// trailers says that the stream is open already.
	trailers bool
	// head says that it is that of a response.
	head bool
	// breach is the error that the stream gets in any case, NoError for none.
	breach Code
	bytes  int
	frames int
}

// takeHeaders serves HEADERS (RFC 9113 section 6.2). c.mu is not held.
func (c *Conn) takeHeaders(f *frame) error {
	if f.id&1 == 0 {
		return connStreamID
	}
	if !f.unpad() {
		return connPadding
	}
	b := &c.block
	*b = block{open: true, id: f.id, ended: f.has(flagEndStream)}
	if f.has(flagPriority) {
		if len(f.payload) < 5 {
			return connFrameSize
		}
		if binary.BigEndian.Uint32(f.payload)&maxStreamID == f.id {
			b.breach = ProtocolError // A stream cannot depend on itself.
		}
		f.payload = f.payload[5:]
	}
	if err := c.openBlock(b); err != nil {
		return err
	}
	switch {
	case b.head:
		c.section.Response(&c.client.resp)
	case b.s != nil:
		c.section.Request(&b.s.req, b.s.arena)
	case b.trailers:
		c.trailer.Reset()
		if c.client == nil {
			c.section.RequestTrailer(&c.trailer)
		} else {
			c.section.Trailer(&c.trailer)
		}
	default:
		c.section.Drop()
	}
	return c.decode(f)
}

// openBlock finds out what the section is for.
func (c *Conn) openBlock(b *block) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[b.id]; s != nil && c.client != nil && !s.answered && !s.ended {
		b.head = true
		c.client.resp = c.client.spare()
		return nil
	}
	if s := c.streams[b.id]; s != nil {
		b.trailers = !s.ended
		switch {
		case s.ended:
			b.breach = StreamClosed
		case !b.ended:
			b.breach = ProtocolError // RFC 9113 section 8.1: trailers end the stream.
		}
		return nil
	}
	if c.client != nil && b.id > c.lastID {
		return connIdleStream
	}
	if b.id <= c.lastID {
		if c.wasOurs(b.id) {
			return c.spend(costIgnored)
		}
		return connClosedStream
	}
	if c.drain.announced {
		return c.spend(costIgnored) // RFC 9113 section 6.8: the client knows that it is not served.
	}
	c.lastID = b.id
	if len(c.streams) >= c.opts.MaxStreams || c.running+len(c.ready) >= 2*c.opts.MaxStreams {
		b.breach = RefusedStream
		return nil
	}
	b.s = newStream(c, b.id)
	c.opening = true
	return nil
}

// takeContinuation serves CONTINUATION (RFC 9113 section 6.10).
func (c *Conn) takeContinuation(f *frame) error {
	if !c.block.open {
		return connContinuation
	}
	if c.block.frames++; c.block.frames > c.opts.MaxContinuations {
		return connBlock
	}
	return c.decode(f)
}

// maxOversize is how many times Options.MaxHeaderBytes an endpoint may send in one section, most of
// it for nothing, before that costs it the connection.
const maxOversize = 4

// decode takes a fragment of the section.
func (c *Conn) decode(f *frame) error {
	b := &c.block
	if b.bytes += len(f.payload); b.bytes > c.opts.MaxHeaderBytes {
		if c.client == nil || b.bytes > maxOversize*c.opts.MaxHeaderBytes {
			return connBlock
		}
		c.section.TooLarge() // The other streams of an endpoint are not at fault.
	}
	if _, err := c.decoder.Write(f.payload); err != nil {
		return connCompression
	}
	if c.section.Refused() != nil {
		c.decoder.SetEmitEnabled(false) // The rest is for the table alone.
	}
	if !f.has(flagEndHeaders) {
		return nil
	}
	b.open = false
	if err := c.decoder.Close(); err != nil {
		return connCompression
	}
	c.decoder.SetEmitEnabled(true)
	return c.closeBlock(b)
}

// closeBlock serves the section that is complete.
func (c *Conn) closeBlock(b *block) error {
	s := b.s
	b.s = nil
	malformed := ""
	if s != nil {
		malformed = c.section.CloseRequest(b.ended)
		s.arena, s.refused = c.section.Arena(), c.section.Refused()
	}
	c.mu.Lock()
	err := c.closeLocked(b, s, malformed != "")
	gone := c.gone
	c.gone = nil
	c.mu.Unlock()
	for _, tell := range gone {
		tell()
	}
	return err
}

func (c *Conn) closeLocked(b *block, s *Stream, malformed bool) error {
	if c.opening {
		c.opening = false
		defer c.finishIfDrained()
	}
	if cost := costOfExpansion(c.section.Size(), b.bytes); cost > 0 {
		if err := c.spend(cost); err != nil {
			return err
		}
	}
	switch {
	case b.breach != NoError:
		return c.breach(b.id, b.breach)
	case malformed:
		return c.breach(b.id, ProtocolError)
	case b.trailers:
		return c.takeTrailers(b)
	case b.head:
		return c.takeResponse(b)
	case s == nil:
		return nil
	}
	s.open(b.ended)
	c.streams[b.id] = s
	c.ready = append(c.ready, s)
	c.glitches.Give(creditStream)
	if s.refused != nil {
		return c.spend(costRefused)
	}
	return nil
}

// takeTrailers hands the trailer section over. c.mu is held.
func (c *Conn) takeTrailers(b *block) error {
	s := c.streams[b.id]
	switch {
	case s == nil:
		return nil // It has ended meanwhile.
	case c.section.Malformed() != "" || c.section.Refused() != nil:
		return c.breach(b.id, ProtocolError)
	case s.expected >= 0 && s.received != s.expected:
		return c.breach(b.id, ProtocolError)
	}
	if c.trailer.Len() > 0 {
		s.trailer, c.trailer = c.trailer, s.trailer
	}
	s.endOfBody()
	return nil
}

// breach resets a stream of which the client broke a rule. c.mu is held.
func (c *Conn) breach(id uint32, code Code) error {
	if c.isIdle(id) {
		return &ConnError{code, "stream-error-on-idle-stream"}
	}
	if s := c.streams[id]; s != nil {
		s.kill(ErrMalformed)
	}
	c.reset(id, code)
	if !c.resets.Take(1) {
		return connResets
	}
	return nil
}

// reset queues RST_STREAM. c.mu is held.
func (c *Conn) reset(id uint32, code Code) {
	c.ours[c.ours0%len(c.ours)] = id
	c.ours0++
	c.out = appendRSTStream(c.begin(), id, code)
}

// wasOurs says that the stream was reset by us not long ago. c.mu is held.
func (c *Conn) wasOurs(id uint32) bool {
	if c.client != nil {
		return true // All of them were opened by us, and many are given up.
	}
	for _, one := range c.ours {
		if one == id {
			return true
		}
	}
	return false
}

// isIdle says that no such stream was opened. c.mu is held.
func (c *Conn) isIdle(id uint32) bool { return id > c.lastID || id&1 == 0 }

// TakeRequest gives the head to r, and takes r's memory in its place. An error means
// that the head is beyond a limit, and what r holds is not all of it.
func (s *Stream) TakeRequest(r *wire.Request) *Error {
	s.req, *r = *r, s.req
	s.req.Reset()
	return s.refused
}
