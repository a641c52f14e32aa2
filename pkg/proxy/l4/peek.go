package l4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	// maxHello is the longest ClientHello that is read, in bytes: what crypto/tls takes.
	maxHello = 64 << 10
	// maxRaw bounds what is read for one: a client may cut it into many small records.
	maxRaw = 2 * maxHello
	// maxRecord is the longest record in clear text (RFC 8446 section 5.1).
	maxRecord = 16 << 10
	// firstRead is what most ClientHellos fit in.
	firstRead = 2 << 10

	recordHeader    = 5
	messageHeader   = 4
	recordHandshake = 22
	messageHello    = 1
)

// Peek reads the ClientHello of a connection, for so long at the most. raw is
// every byte that was read, also where there is an error: whoever gets the
// connection next must get them first. The error is ErrNotHello, ErrHelloTooLarge or that of
// reading; io.ErrUnexpectedEOF means that the client ended within. The connection has
// no read deadline afterwards.
func Peek(nc net.Conn, within time.Duration) (h Hello, raw []byte, err error) {
	if err := nc.SetReadDeadline(time.Now().Add(within)); err != nil {
		return Hello{}, nil, fmt.Errorf("l4: bound the ClientHello: %w", err)
	}
	h, raw, err = read(nc)
	if cleared := nc.SetReadDeadline(time.Time{}); cleared != nil && err == nil {
		err = fmt.Errorf("l4: unbound after the ClientHello: %w", cleared)
	}
	return h, raw, err
}

func read(src io.Reader) (h Hello, raw []byte, err error) {
	raw = make([]byte, 0, firstRead)
	var m message
	for {
		n, failed := src.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		// What came with an error may be the end of the ClientHello.
		done, err := m.join(raw)
		switch {
		case err != nil:
			return Hello{}, raw, err
		case done:
			h, ok := parseHello(m.body())
			if !ok {
				return Hello{}, raw, ErrNotHello
			}
			return h, raw, nil
		case errors.Is(failed, io.EOF):
			return Hello{}, raw, fmt.Errorf("l4: read the ClientHello: %w", io.ErrUnexpectedEOF)
		case failed != nil:
			return Hello{}, raw, fmt.Errorf("l4: read the ClientHello: %w", failed)
		case len(raw) >= maxRaw:
			return Hello{}, raw, ErrHelloTooLarge
		case len(raw) == cap(raw):
			raw = append(make([]byte, 0, 2*cap(raw)), raw...)
		}
	}
}

// message is a handshake message, joined from the records that it came in.
type message struct {
	joined []byte
	// taken is how much of what was read has been joined: whole records.
	taken int
}

// join takes the whole records that raw has beyond those taken before, and says
// whether the message is complete.
func (m *message) join(raw []byte) (done bool, err error) {
	for !m.complete() {
		rest := raw[m.taken:]
		// The version of a record means nothing (RFC 8446 section 5.1).
		if len(rest) > 0 && rest[0] != recordHandshake {
			return false, ErrNotHello
		}
		if len(rest) < recordHeader {
			return false, nil
		}
		n := int(binary.BigEndian.Uint16(rest[3:]))
		if n == 0 || n > maxRecord {
			return false, ErrNotHello
		}
		if len(rest) < recordHeader+n {
			return false, nil
		}
		m.joined = append(m.joined, rest[recordHeader:recordHeader+n]...)
		m.taken += recordHeader + n
		if m.joined[0] != messageHello {
			return false, ErrNotHello
		}
		if len(m.joined) >= messageHeader && m.length() > maxHello {
			return false, ErrHelloTooLarge
		}
	}
	return true, nil
}

// length is that of the body, which the header says.
func (m *message) length() int {
	return int(m.joined[1])<<16 | int(m.joined[2])<<8 | int(m.joined[3])
}

func (m *message) complete() bool {
	return len(m.joined) >= messageHeader && len(m.joined) >= messageHeader+m.length()
}

func (m *message) body() []byte { return m.joined[messageHeader : messageHeader+m.length()] }
