package h2

import (
	"encoding/binary"
	"time"
)

// read serves the client's frames until the connection ends; it never returns nil.
func (c *Conn) read() error {
	for {
		for {
			f, ok, err := c.in.next()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if err := c.take(&f); err != nil {
				return err
			}
			if !c.block.open {
				c.in.since, c.in.partial = time.Time{}, false
			}
		}
		c.settle()
		if err := c.fill(); err != nil {
			return err
		}
	}
}

func (c *Conn) readPreface() error {
	for {
		n := min(c.in.unread(), len(preface))
		if n > 0 && string(c.in.b[c.in.r:c.in.r+n]) != preface[:n] {
			return connPreface
		}
		if n == len(preface) {
			c.in.r += n
			return nil
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
}

// settle starts the streams that have come and sees to it that what was queued is sent.
// It comes behind all that was read at once: so a small body is there when its
// stream begins, and many answers go with one write.
func (c *Conn) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range c.ready {
		c.ready[i] = nil
		if s.killed {
			c.giveBack(s.body.unread()) // It was over before it began.
			continue
		}
		c.running++
		// The goroutine ends with the function that serves the stream, for which end waits.
		go s.start()
	}
	c.ready = c.ready[:0]
	c.kick()
}

// run is the goroutine of a stream.
func (s *Stream) run() {
	c := s.c
	defer c.leave(s)
	c.handle(s)
}

// take serves one frame.
func (c *Conn) take(f *frame) error {
	switch {
	case !c.settled && (f.kind != frameSettings || f.has(flagAck)):
		return connFirstFrame
	case c.block.open && (f.kind != frameContinuation || f.id != c.block.id):
		return connContinuation
	}
	switch f.kind {
	case frameHeaders:
		return c.takeHeaders(f)
	case frameContinuation:
		return c.takeContinuation(f)
	}
	c.mu.Lock()
	err := c.takeLocked(f)
	gone := c.gone
	c.gone = nil
	c.mu.Unlock()
	for _, tell := range gone {
		tell()
	}
	return err
}

// takeLocked serves a frame that needs what mu guards.
func (c *Conn) takeLocked(f *frame) error {
	switch f.kind {
	case frameData:
		return c.takeData(f)
	case frameRSTStream:
		return c.takeReset(f)
	case frameWindowUpdate:
		return c.takeWindowUpdate(f)
	case frameSettings:
		return c.takeSettings(f)
	case framePing:
		return c.takePing(f)
	case framePriority:
		return c.takePriority(f)
	case framePushPromise:
		return connPushPromise
	case frameGoAway:
		return c.takeGoAway(f)
	}
	return c.spend(costUnknown) // RFC 9113 section 5.5: what is unknown is ignored.
}

// spend takes glitches from the client's budget. c.mu is held.
func (c *Conn) spend(n int) error {
	if !c.glitches.Take(n) {
		return connGlitches
	}
	return nil
}

func (c *Conn) takeReset(f *frame) error {
	switch {
	case len(f.payload) != 4:
		return connFrameSize
	case f.id == 0:
		return connStreamID
	case c.isIdle(f.id):
		return connIdleStream
	}
	s := c.streams[f.id]
	if s == nil {
		return c.spend(costIgnored)
	}
	if c.client != nil {
		s.resetByEndpoint(Code(binary.BigEndian.Uint32(f.payload)))
		return nil
	}
	s.kill(ErrReset)
	if !c.resets.Take(1) {
		return connResets
	}
	return nil
}

func (c *Conn) takePing(f *frame) error {
	switch {
	case len(f.payload) != 8:
		return connFrameSize
	case f.id != 0:
		return connStreamID
	case f.has(flagAck):
		if c.drain.seen(f.payload) {
			c.announce()
			return nil
		}
		return c.spend(costPing)
	}
	c.out = appendPing(c.begin(), flagAck, f.payload)
	if c.freePings > 0 {
		c.freePings--
		return nil
	}
	return c.spend(costPing)
}

// takePriority checks what RFC 9113 section 5.3.2 wants to be ignored.
func (c *Conn) takePriority(f *frame) error {
	switch {
	case f.id == 0:
		return connStreamID
	case len(f.payload) != 5:
		return c.breach(f.id, FrameSizeError)
	case binary.BigEndian.Uint32(f.payload)&maxStreamID == f.id:
		return c.breach(f.id, ProtocolError)
	}
	return c.spend(costPriority)
}

func (c *Conn) takeGoAway(f *frame) error {
	switch {
	case f.id != 0:
		return connStreamID
	case len(f.payload) < 8:
		return connFrameSize
	}
	if c.client != nil {
		c.goAway(binary.BigEndian.Uint32(f.payload) & maxStreamID)
	}
	return c.spend(costUnknown) // A client opens no more streams; those that it has are served.
}

// takeSettings serves SETTINGS (RFC 9113 section 6.5).
func (c *Conn) takeSettings(f *frame) error {
	switch {
	case f.id != 0:
		return connStreamID
	case f.has(flagAck):
		if len(f.payload) > 0 {
			return connFrameSize
		}
		return c.spend(costPing)
	case len(f.payload)%6 != 0:
		return connFrameSize
	}
	for p := f.payload; len(p) > 0; p = p[6:] {
		if err := c.applySetting(binary.BigEndian.Uint16(p), binary.BigEndian.Uint32(p[2:])); err != nil {
			return err
		}
	}
	c.out = appendFrameHeader(c.begin(), 0, frameSettings, flagAck, 0)
	if !c.settled {
		c.settled = true
		c.wakeAwaiting()
		return nil
	}
	return c.spend(costSettings + len(f.payload)/6)
}

func (c *Conn) applySetting(id uint16, value uint32) error {
	switch id {
	case settingHeaderTableSize:
		c.tableUpdate = c.tableUpdate || value < 4096
	case settingEnablePush:
		if value > 1 || c.client != nil && value > 0 {
			return connSettings
		}
	case settingMaxConcurrentStreams:
		if c.client != nil {
			c.client.most = int(min(value, maxStreamID))
		}
	case settingInitialWindowSize:
		if value > maxWindow {
			return connWindowSize
		}
		more := int(value) - c.peerWindow
		c.peerWindow = int(value)
		for _, s := range c.streams {
			if s.sendWindow += more; s.sendWindow > maxWindow {
				return connWindow
			}
			s.write.cond.Broadcast()
		}
	case settingEnableConnectProtocol:
		if value > 1 {
			return connSettings
		}
		if c.client != nil {
			c.client.connects = value == 1
		}
	case settingMaxFrameSize:
		if value < maxFrame || value > 1<<24-1 {
			return connSettings
		}
	}
	return nil
}

func (c *Conn) takeWindowUpdate(f *frame) error {
	if len(f.payload) != 4 {
		return connFrameSize
	}
	n := int(binary.BigEndian.Uint32(f.payload) & maxStreamID)
	if f.id == 0 {
		switch c.sendWindow += n; {
		case n == 0:
			return connIncrement
		case c.sendWindow > maxWindow:
			return connWindow
		}
		c.nextTurn()
		return c.spend(costWindowUpdate)
	}
	if c.isIdle(f.id) {
		return connIdleStream
	}
	s := c.streams[f.id]
	switch {
	case n == 0:
		return c.breach(f.id, ProtocolError)
	case s == nil:
		return c.spend(costWindowUpdate)
	case s.sendWindow+n > maxWindow:
		return c.breach(f.id, FlowControlError)
	}
	s.sendWindow += n
	s.write.cond.Broadcast()
	return c.spend(costWindowUpdate)
}
