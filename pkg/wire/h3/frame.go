package h3

import (
	"errors"
	"io"

	"github.com/quic-go/quic-go/quicvarint"
)

// Types of frames (RFC 9114 section 7.2).
const (
	frameData        = 0x00
	frameHeaders     = 0x01
	frameCancelPush  = 0x03
	frameSettings    = 0x04
	framePushPromise = 0x05
	frameGoAway      = 0x07
	frameMaxPushID   = 0x0d
)

// reservedFrame says that it is a type of HTTP/2 that must never come (RFC 9114 section 7.2.8).
func reservedFrame(kind uint64) bool {
	switch kind {
	case 0x02, 0x06, 0x08, 0x09:
		return true
	}
	return false
}

// appendFrame appends the beginning of a frame.
func appendFrame(b []byte, kind uint64, size int) []byte {
	return quicvarint.Append(quicvarint.Append(b, kind), uint64(size))
}

// readFrame reads the beginning of a frame of a control stream.
func readFrame(r quicvarint.Reader) (kind, size uint64, err error) {
	if kind, err = quicvarint.Read(r); err != nil {
		return 0, 0, err
	}
	size, err = quicvarint.Read(r)
	return kind, size, err
}

// parseFrame takes the beginning of a frame from b; n is 0 where there is not all of it.
func parseFrame(b []byte) (kind, size uint64, n int) {
	kind, k, err := quicvarint.Parse(b)
	if err != nil {
		return 0, 0, 0
	}
	size, m, err := quicvarint.Parse(b[k:])
	if err != nil {
		return 0, 0, 0
	}
	return kind, size, k + m
}

// isEnd says that a stream has come to its end in order.
func isEnd(err error) bool { return errors.Is(err, io.EOF) }
