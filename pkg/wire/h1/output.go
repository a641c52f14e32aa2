package h1

import (
	"net"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// output is the writing side's buffer and the framing of the body that is being written.
type output struct {
	buf *buffer
	n   int   // bytes of buf that wait to be sent
	err error // sticky

	kind bodyKind
	left int64
	// drop says that body bytes are dropped: the response has none (HEAD, 304).
	drop bool
	// moved says that some of the message that is being written was sent.
	moved bool
	// done says that the message written last is complete.
	done bool
	// close says that it is the last one.
	close bool

	// vec and bufs are the two parts of one writev; here, so that it allocates nothing.
	vec  [2][]byte
	bufs net.Buffers

	// tryGive is o.give, bound at its first use; it writes from and leaves an error in fault.
	tryGive func(fd uintptr) bool
	from    []byte
	fault   error
}

func (o *output) pending() int { return o.n }

// begin returns the slice to append a head to. What was appended counts only
// once commit is called.
func (o *output) begin() ([]byte, error) {
	if o.err != nil {
		return nil, o.err
	}
	o.take()
	return o.buf.b[:o.n], nil
}

// commit takes over what begin's slice has become.
func (o *output) commit(b []byte) {
	o.n = len(b)
	o.buf.b = b[:cap(b)]
	o.done = false
}

func (o *output) release() {
	putBuffer(o.buf)
	o.buf, o.n = nil, 0
}

// room is what fits into the buffer without sending it.
func (o *output) room() int {
	if o.buf == nil {
		return bufferSize
	}
	return len(o.buf.b) - o.n
}

func (o *output) add(p []byte) {
	o.take()
	o.n += copy(o.buf.b[o.n:], p)
}

// take makes sure that there is a buffer.
func (o *output) take() {
	if o.buf == nil {
		o.buf = getBuffer(bufferSize)
	}
}

// Flush sends what is buffered. Nothing is held then: what comes next may be long in coming.
func (c *Conn) Flush() error {
	o := &c.out
	if o.err == nil && o.n > 0 {
		o.err = o.note(o.transmit(&c.in, o.buf.b[:o.n]))
		o.n = 0
	}
	if o.n == 0 {
		o.release()
	}
	return o.err
}

// send sends what is buffered and p behind it, in one system call where it can.
func (c *Conn) send(p []byte) error {
	o := &c.out
	if c.tcp == nil {
		return c.sendCopied(p)
	}
	if o.n == 0 {
		o.err = o.note(o.transmit(&c.in, p))
		return o.err
	}
	o.vec[0], o.vec[1] = o.buf.b[:o.n], p
	o.bufs = o.vec[:]
	n, err := o.bufs.WriteTo(c.tcp)
	o.err = o.note(int(n), err)
	o.vec[0], o.vec[1], o.bufs = nil, nil, nil
	o.n = 0
	return o.err
}

// sendCopied is send for a connection that would make a write of each part:
// with TLS a record of its own.
func (c *Conn) sendCopied(p []byte) error {
	o := &c.out
	for o.n > 0 || len(p) > 0 {
		if o.n == 0 && len(p) >= bufferSize {
			o.err = o.note(c.nc.Write(p))
			return o.err
		}
		o.take()
		n := copy(o.buf.b[o.n:], p)
		o.n += n
		if p = p[n:]; o.n < len(o.buf.b) {
			return nil // The rest waits for more.
		}
		if c.Flush() != nil {
			return o.err
		}
	}
	return nil
}

// chunkRoom is what the framing of one chunk takes at most: size, two CRLF.
const chunkRoom = 16 + 4

// WriteBody writes a part of the body, framed as the head written last says.
// Small parts are buffered, large ones are sent at once together with what is
// buffered. Bytes of a body that the response cannot have (an answer to HEAD,
// 204, 304) are dropped. More bytes than Length are ErrTooLong, and none of p is written.
func (c *Conn) WriteBody(p []byte) error {
	o := &c.out
	switch {
	case o.err != nil:
		return o.err
	case len(p) == 0 || o.drop:
		return nil
	}
	switch o.kind {
	case bodyNone:
		return ErrTooLong
	case bodyLength:
		if int64(len(p)) > o.left {
			return ErrTooLong
		}
		o.left -= int64(len(p))
	case bodyChunked:
		return c.writeChunk(p)
	}
	if len(p) <= o.room() {
		o.add(p)
		return nil
	}
	return c.send(p)
}

func (c *Conn) writeChunk(p []byte) error {
	o := &c.out
	if o.room() < chunkRoom && c.Flush() != nil {
		return o.err
	}
	o.take()
	o.n = len(appendHex(o.buf.b[:o.n], len(p)))
	if len(p)+2 <= o.room() {
		o.add(p)
		o.add(crlf)
		return nil
	}
	if err := c.send(p); err != nil {
		return err
	}
	if o.room() < len(crlf) && c.Flush() != nil {
		return o.err
	}
	o.add(crlf) // It goes with what comes next.
	return nil
}

var crlf = []byte("\r\n")

// appendHex appends the size line of a chunk.
func appendHex(b []byte, n int) []byte {
	shift := 0
	for n>>shift > 0xf {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[n>>shift&0xf])
	}
	return append(b, '\r', '\n')
}

// FinishBody ends the body; trailer may be nil, and is sent only behind a
// chunked body, without the fields that may not stand there. Fewer bytes than
// Length are ErrTooShort: the peer waits for more, so the connection must be closed.
func (c *Conn) FinishBody(trailer *wire.Header) error {
	o := &c.out
	if o.err != nil {
		return o.err
	}
	switch {
	case o.kind == bodyLength && o.left > 0:
		return ErrTooShort
	case o.kind == bodyChunked:
		if o.room() < len("0\r\n\r\n") && c.Flush() != nil {
			return o.err
		}
		o.take()
		b := append(o.buf.b[:o.n], "0\r\n"...)
		if trailer != nil {
			if b = appendTrailer(b, trailer); b == nil {
				return ErrInvalidHead
			}
		}
		o.commit(append(b, crlf...))
	}
	o.kind, o.drop, o.done = bodyNone, false, true
	return nil
}

func appendTrailer(b []byte, trailer *wire.Header) []byte {
	fields := trailer.Fields()
	for i := range fields {
		if !wire.MayTrail(fields[i]) {
			continue
		}
		if b = appendField(b, &fields[i]); b == nil {
			return nil
		}
	}
	return b
}
