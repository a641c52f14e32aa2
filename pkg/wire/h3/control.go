package h3

import (
	"context"
	"errors"
	"io"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// Types of unidirectional streams (RFC 9114 section 6.2, RFC 9204 section 4.2).
const (
	streamControl = 0x00
	streamPush    = 0x01
	streamEncoder = 0x02
	streamDecoder = 0x03
)

// maxClientStreams bounds the unidirectional streams that a client has open: the three that it
// needs, and some of a kind that we do not know.
const maxClientStreams = 8

// Settings (RFC 9114 section 7.2.4.1, RFC 9220 section 5).
const (
	settingMaxFieldSection = 0x06
	settingConnectProtocol = 0x08
)

// maxControlFrame bounds the frames of the client's control stream.
const maxControlFrame = 4 << 10

// lastStreamID is the largest that a GOAWAY can name.
const lastStreamID = 1<<62 - 4

// openControl begins our control stream; drain says that the connection is to drain at once.
func (c *Conn) openControl() (drain bool, err error) {
	control, err := c.qc.OpenUniStream()
	if err != nil {
		return false, err
	}
	var settings []byte
	settings = quicvarint.Append(settings, settingMaxFieldSection)
	settings = quicvarint.Append(settings, uint64(c.opts.MaxHeaderBytes))
	settings = quicvarint.Append(settings, settingConnectProtocol)
	settings = quicvarint.Append(settings, 1)
	b := quicvarint.Append(nil, streamControl)
	if err := control.TryWriteAll(append(appendFrame(b, frameSettings, len(settings)), settings...)); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.control = control
	return c.wanted, nil
}

// sendGoAway says which requests are not served any more. c.mu is held.
func (c *Conn) sendGoAway(id quic.StreamID) {
	b := appendFrame(nil, frameGoAway, quicvarint.Len(uint64(id)))
	// A client that does not take some bytes of its control stream does without the warning.
	_ = c.control.TryWriteAll(quicvarint.Append(b, uint64(id)))
}

// acceptControl serves the streams that only the client writes.
func (c *Conn) acceptControl() {
	for {
		rs, err := c.qc.AcceptUniStream(context.Background())
		if err != nil {
			return
		}
		c.streams.Go(func() {
			defer rs.ReleaseStreamCredit()
			var fatal *ConnError
			if err := c.serveControl(rs); errors.As(err, &fatal) {
				c.end(fatal)
			}
		})
	}
}

func (c *Conn) serveControl(rs *quic.ReceiveStream) error {
	r := quicvarint.NewReader(rs)
	kind, err := quicvarint.Read(r)
	if err != nil {
		return c.spend(1) // RFC 9114 section 6.2: it may end before its type.
	}
	switch kind {
	case streamPush:
		return connPush
	case streamControl, streamEncoder, streamDecoder:
		if !c.claim(kind) {
			return connSecondStream
		}
	default:
		rs.CancelRead(quic.StreamErrorCode(StreamCreationError))
		return c.spend(1)
	}
	switch kind {
	case streamControl:
		err = c.readControl(r)
	case streamEncoder:
		err = readEncoder(r)
	default:
		err = c.readDecoder(r)
	}
	var fatal, reset = (*ConnError)(nil), (*quic.StreamError)(nil)
	switch {
	case errors.As(err, &fatal):
		return fatal
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &reset):
		return connCritical // RFC 9114 section 6.2.1.
	}
	return nil // The connection has ended.
}

// claim says whether it is the first stream of its kind.
func (c *Conn) claim(kind uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.seen[kind]
	c.seen[kind] = true
	return first
}

// readControl reads the control stream until it ends (RFC 9114 section 6.2.1).
func (c *Conn) readControl(r quicvarint.Reader) error {
	var highestPush uint64
	for first := true; ; first = false {
		kind, size, err := readFrame(r)
		if err != nil {
			return err
		}
		switch {
		case first && kind != frameSettings:
			return connNoSettings
		case !first && kind == frameSettings, kind == frameData, kind == frameHeaders, kind == framePushPromise, reservedFrame(kind):
			return connFrameUnexpected
		}
		switch kind {
		case frameSettings:
			if size > maxControlFrame {
				return &ConnError{ExcessiveLoad, "settings-size"}
			}
			payload := make([]byte, size)
			if _, err = io.ReadFull(r, payload); err == nil {
				err = checkSettings(payload)
			}
		case frameGoAway, frameMaxPushID, frameCancelPush:
			var id uint64
			if id, err = readID(r, size); err != nil {
				return err
			}
			switch {
			case kind == frameCancelPush, kind == frameMaxPushID && id < highestPush:
				return connID // Nothing was ever promised; and the bound only grows.
			case kind == frameMaxPushID:
				highestPush = id
			}
			err = c.spend(1)
		default:
			if _, err = io.CopyN(io.Discard, r, int64(size)); err == nil {
				err = c.spend(1)
			}
		}
		if err != nil {
			return err
		}
	}
}

// readID reads a frame that holds one identifier alone.
func readID(r quicvarint.Reader, size uint64) (uint64, error) {
	if size > 8 {
		return 0, connFrameSize
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, err
	}
	id, n, err := quicvarint.Parse(payload)
	if err != nil || n < len(payload) {
		return 0, connFrameSize
	}
	return id, nil
}

// checkSettings checks what RFC 9114 section 7.2.4 wants of all settings. None of them changes what
// is sent: there is no push and no dynamic table.
func checkSettings(b []byte) error {
	seen := make(map[uint64]bool)
	for len(b) > 0 {
		id, n, err := quicvarint.Parse(b)
		if err != nil {
			return connFrameSize
		}
		b = b[n:]
		if _, n, err = quicvarint.Parse(b); err != nil {
			return connFrameSize
		}
		b = b[n:]
		switch id {
		case 0x00, 0x02, 0x03, 0x04, 0x05: // Those of HTTP/2 (RFC 9114 section 7.2.4.1).
			return connSettings
		}
		if seen[id] {
			return connSettings
		}
		seen[id] = true
	}
	return nil
}

// readEncoder reads the instructions for a table that has no room: one may say so, and no other has a meaning.
func readEncoder(r quicvarint.Reader) error {
	const capacityZero = 0x20 // RFC 9204 section 4.3.1.
	for {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		if b != capacityZero {
			return connEncoderStream
		}
	}
}

// readDecoder reads what the client says of our field sections, which name no entry of its table: that
// it has given up a stream (RFC 9204 section 4.4.2) is all that there is to say.
func (c *Conn) readDecoder(r quicvarint.Reader) error {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		if b&0xc0 != 0x40 {
			return connDecoderStream
		}
		for more := b&0x3f == 0x3f; more; more = b&0x80 != 0 {
			if b, err = r.ReadByte(); err != nil {
				return err
			}
		}
		if err := c.spend(1); err != nil {
			return err
		}
	}
}
