package h1

import (
	"errors"
	"io"
	"net"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// bodyKind is how the end of a body is told.
type bodyKind uint8

const (
	bodyNone    bodyKind = iota // there is none, or it was read to its end
	bodyLength                  // left bytes are left
	bodyChunked                 // left bytes are left of the current chunk
	bodyClose                   // it ends with the connection
)

// body is the content of the message that is being read.
type body struct {
	c    *Conn
	kind bodyKind
	left int64
	err  error // sticky: a body that broke off stays so

	// For chunked bodies.
	afterChunk bool // the CRLF behind a chunk's data comes next
	inTrailer  bool // the last chunk has come
	ext        int  // bytes of chunk extensions so far
	hasTrailer bool
	trailer    wire.Header
}

var _ wire.Body = (*body)(nil)

// start makes b the body of a message of that length.
func (b *body) start(length int64, untilClose bool) {
	b.left, b.err = 0, nil
	b.afterChunk, b.inTrailer, b.ext = false, false, 0
	if b.hasTrailer {
		b.trailer.Reset()
		b.hasTrailer = false
	}
	switch {
	case untilClose:
		b.kind = bodyClose
	case length == wire.UnknownLength:
		b.kind = bodyChunked
	case length > 0:
		b.kind, b.left = bodyLength, length
	default:
		b.kind = bodyNone
	}
}

// Read implements wire.Body. It returns what is there as soon as it has
// something, and joins small chunks that have come together.
func (b *body) Read(p []byte) (n int, err error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 && b.kind != bodyNone {
		return 0, nil
	}
	switch b.kind {
	case bodyNone:
		return 0, io.EOF
	case bodyChunked:
		n, err = b.readChunked(p)
	default:
		n, err = b.readPlain(p)
	}
	if err != nil && (!errors.Is(err, io.EOF) || b.kind != bodyNone) {
		b.err = b.c.fail(err)
		if n > 0 {
			return n, nil // The error comes with the next call.
		}
		return 0, b.err
	}
	return n, err
}

// Trailer implements wire.Body.
func (b *body) Trailer() *wire.Header {
	if b.kind != bodyNone || !b.hasTrailer {
		return nil
	}
	return &b.trailer
}

// readPlain reads a body without framing of its own.
func (b *body) readPlain(p []byte) (int, error) {
	if b.kind == bodyLength && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.c.in.data(p)
	if b.kind == bodyLength {
		b.advance(int64(n))
		return n, err
	}
	if errors.Is(err, io.EOF) && !truncated(b.c.nc) {
		b.kind = bodyNone
	}
	return n, err
}

// truncated says that a layer above the socket, as TLS is, knows that its peer has not said that this is
// the end: anyone on the way may have cut it short (RFC 9112 section 9.8).
func truncated(nc net.Conn) bool {
	layer, ok := nc.(interface{ Truncated() bool })
	return ok && layer.Truncated()
}

// advance notes that n bytes of a body with Content-Length were read.
func (b *body) advance(n int64) {
	if b.left -= n; b.left == 0 {
		b.kind = bodyNone
	}
}

// data reads into p: what is buffered, else from the connection, around the
// buffer where p is large or all that may be read.
func (in *input) data(p []byte) (int, error) {
	unread := in.unread()
	if len(unread) == 0 {
		return in.receive(p)
	}
	n := copy(p, unread)
	in.r += n
	return n, nil
}

// BodyBuffered returns how many bytes of the body Read can return without
// blocking. It may be less than what is there: 0 does not mean that Read blocks.
func (c *Conn) BodyBuffered() int {
	unread := len(c.in.unread())
	switch c.body.kind {
	case bodyLength, bodyChunked:
		return int(min(int64(unread), c.body.left))
	case bodyClose:
		return unread
	}
	return 0
}

// DrainBody reads and drops what is left of the body, at most limit bytes, and
// says whether that was all. It blocks as Read does.
func (c *Conn) DrainBody(limit int64) bool {
	if c.BodyDone() {
		return true
	}
	buf := getBuffer(bufferSize)
	defer putBuffer(buf)
	for limit > 0 && !c.BodyDone() {
		n, err := c.body.Read(buf.b[:min(limit, int64(len(buf.b)))])
		limit -= int64(n)
		if err != nil {
			break
		}
	}
	return c.BodyDone()
}
