package h2

import (
	"github.com/sluice-dev/sluice/pkg/wire"
)

// smallBody is what of a body waits for the rest, so that a small response goes as a whole.
const smallBody = 4 << 10

// WriteInterim sends an informational response (RFC 9110 section 15.2).
func (s *Stream) WriteInterim(r *wire.Response) error {
	if err := s.encode(r); err != nil {
		return err
	}
	return s.commit(nil, false, true)
}

// WriteHead begins the response. It is sent with what follows. Length and NoBody say what may follow.
func (s *Stream) WriteHead(r *wire.Response) error {
	if err := s.encode(r); err != nil {
		return err
	}
	s.drop, s.left = r.NoBody, r.Length
	return nil
}

func (s *Stream) encode(r *wire.Response) (err error) {
	s.block, err = appendResponse(s.block[:0], r)
	if err != nil {
		s.block = s.block[:0]
		return err
	}
	s.headPending = true
	return nil
}

// WriteBody writes a part of the body. Small parts wait for what follows. Bytes
// of a body that the response cannot have are dropped. More than Length are ErrTooLong.
func (s *Stream) WriteBody(p []byte) error {
	if s.drop || len(p) == 0 {
		return nil
	}
	if s.left >= 0 {
		if int64(len(p)) > s.left {
			return ErrTooLong
		}
		s.left -= int64(len(p))
	}
	if len(s.small)+len(p) <= smallBody {
		s.small = append(s.small, p...)
		return nil
	}
	return s.commit(p, false, true)
}

// Room returns how much of a body the client's windows and the queue take just now; other streams may take it first.
func (s *Stream) Room() int {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return max(s.takes(), 0)
}

// takes is Room, below 0 where too much has gone already. c.mu is held.
func (s *Stream) takes() int {
	return min(s.sendWindow, s.c.sendWindow, s.c.opts.MaxQueue-len(s.c.out))
}

// Flush sends what waits.
func (s *Stream) Flush() error {
	if !s.headPending && len(s.small) == 0 {
		return nil
	}
	return s.commit(nil, false, true)
}

// Finish ends the response, with a trailer section if trailer has fields.
func (s *Stream) Finish(trailer *wire.Header) error {
	if !s.drop && s.left > 0 {
		return ErrTooShort
	}
	if trailer == nil || trailer.Len() == 0 || s.drop {
		return s.commit(nil, true, true)
	}
	if err := s.commit(nil, false, false); err != nil {
		return err
	}
	block, err := appendHeader(s.block[:0], trailer)
	s.block = block[:0]
	if err != nil {
		return err
	}
	s.block, s.headPending = block, true
	return s.commit(nil, true, true)
}

// commit queues the head that waits, then the body that waits, then p, and
// with end set the end of the stream; it blocks as long as the client's windows are shut.
func (s *Stream) commit(p []byte, end, flush bool) error {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	left := len(s.small) + len(p)
	if c.client != nil && s.id == 0 {
		if err := s.begin(); err != nil {
			return err
		}
	} else if s.headPending || left == 0 && end {
		if err := s.awaitRoom(); err != nil {
			return err
		}
	}
	switch {
	case s.headPending:
		c.appendBlock(s.id, s.block, end && left == 0)
		s.block, s.headPending = s.block[:0], false
	case left == 0 && end:
		c.out = appendFrameHeader(c.begin(), 0, frameData, flagEndStream, s.id)
	}
	for left > 0 {
		n, err := s.grant(left)
		if err != nil {
			return err
		}
		left -= n
		size, flags := n, uint8(0)
		if end && left == 0 {
			flags = flagEndStream
		}
		b := appendFrameHeader(c.begin(), n, frameData, flags, s.id)
		if k := min(n, len(s.small)); k > 0 {
			b = append(b, s.small[:k]...)
			s.small = s.small[:copy(s.small, s.small[k:])]
			n -= k
		}
		c.out = append(b, p[:n]...)
		p = p[n:]
		if size >= worthyData {
			c.glitches.Give(creditData)
		}
		c.freePings = min(c.freePings+1, maxFreePings)
	}
	if end {
		s.sent = true
		s.detachIfDone()
	}
	if flush {
		c.flush()
	}
	return nil
}

// appendBlock queues a field section, in as many frames as it takes. c.mu is held.
func (c *Conn) appendBlock(id uint32, block []byte, end bool) {
	out := c.begin()
	first := len(out)
	kind, room := frameHeaders, maxFrame
	for {
		at := len(out)
		out = appendFrameHeader(out, 0, kind, 0, id)
		if c.tableUpdate {
			// RFC 9113 section 4.3.1: a smaller table has to be acknowledged; ours is always empty.
			out, room = append(out, 0x20), maxFrame-1
			c.tableUpdate = false
		}
		n := min(room, len(block))
		out = append(out, block[:n]...)
		block, room = block[n:], maxFrame
		flags := uint8(0)
		if len(block) == 0 {
			flags = flagEndHeaders
		}
		putFrameHeader(out[at:], len(out)-at-frameHeaderSize, kind, flags, id)
		if kind = frameContinuation; len(block) == 0 {
			break
		}
	}
	if end {
		out[first+4] |= flagEndStream
	}
	c.out = out
}

// awaitRoom waits until the queue takes more. c.mu is held, but not meanwhile.
func (s *Stream) awaitRoom() error {
	_, err := s.await(func() int { return s.c.opts.MaxQueue - len(s.c.out) })
	return err
}

// grant waits until some of a body may be queued, and returns how much. Streams
// that wait for the connection take turns, a frame each. c.mu is held, but not meanwhile.
func (s *Stream) grant(left int) (int, error) {
	n, err := s.await(func() int { return min(left, maxFrame, s.takes()) })
	s.sendWindow -= n
	s.c.sendWindow -= n
	return n, err
}

// await waits for its turn and until room says more than 0, and returns that.
func (s *Stream) await(room func() int) (int, error) {
	c := s.c
	defer s.leaveTurns()
	for {
		if s.over != nil {
			return 0, s.over
		}
		switch {
		case c.writeErr == nil:
		case c.client != nil:
			// What the write failed with says nothing of this request, some of which may have been sent before.
			return 0, ErrClosed
		default:
			return 0, c.writeErr
		}
		first := len(c.turns) == 0 || c.turns[0] == s
		if n := room(); n > 0 && first {
			return n, nil
		}
		if len(c.out) > 0 && !c.writing && !c.closed {
			c.writeOnce()
			continue
		}
		// Who waits for its own window must not keep others waiting.
		if s.sendWindow <= 0 && s.queued {
			s.leaveTurns()
		} else if s.sendWindow > 0 && !s.queued {
			s.queued = true
			c.turns = append(c.turns, s)
		}
		if err := s.write.sleep(c); err != nil {
			return 0, err
		}
	}
}

// leaveTurns lets the next one have its turn. c.mu is held.
func (s *Stream) leaveTurns() {
	c := s.c
	if !s.queued {
		return
	}
	s.queued = false
	for i, one := range c.turns {
		if one == s {
			c.turns = append(c.turns[:i], c.turns[i+1:]...)
			break
		}
	}
	c.nextTurn()
}
