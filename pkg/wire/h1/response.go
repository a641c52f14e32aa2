package h1

import (
	"bytes"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// ReadResponse reads the head of the next response to a request with that
// method into r (which it resets). Informational responses (1xx) are returned
// as they come: the caller asks again, until the status is 101 or at least 200.
// io.EOF means that the peer closed the connection before the first byte, an
// *Error that the response was refused (always with status 502).
func (c *Conn) ReadResponse(r *wire.Response, method []byte) error {
	if !c.BodyDone() {
		return ErrBodyPending
	}
	r.Reset()
	c.client = true
	c.peerClose = true
	c.in.begin()
	if len(c.in.unread()) == 0 {
		if err := c.in.first(); err != nil {
			c.broken = true
			return err
		}
	}
	if err := c.readResponse(r, method); err != nil {
		return c.fail(err)
	}
	return nil
}

// ReadSparingly has the next response read into a small buffer: whoever it is for takes little of it for now.
func (c *Conn) ReadSparingly() { c.in.sparing = true }

// first waits for the first bytes of a response, and holds no buffer meanwhile: an endpoint may
// take long to answer.
func (in *input) first() error {
	size := bufferSize
	if in.sparing {
		size, in.sparing = smallSize, false
	}
	if in.raw == nil || in.buf != nil {
		return in.fill()
	}
	return in.wait(size)
}

func (c *Conn) readResponse(r *wire.Response, method []byte) error {
	n, err := c.in.section(&bounds{
		bytes: c.lim.MaxHeadBytes, lines: c.lim.MaxFields + 1,
		tooLong: errHeadTooLarge, tooLarge: errHeadTooLarge, crowd: errTooManyFields,
	})
	if err != nil {
		return unexpectedEOF(err)
	}
	in := &c.in
	if len(in.buf.lines) == 0 {
		return errEmptyLine
	}
	if err := parseStatusLine(r, in.buf.b[in.r:in.r+int(in.buf.lines[0])]); err != nil {
		return err
	}
	var f fields
	if err := in.parseFields(&r.Header, &f, 1, allUnderscores); err != nil {
		return err
	}
	if err := f.fillResponse(r, method); err != nil {
		return err
	}
	in.consume(n)
	c.peerClose = r.Close
	c.interim = r.Status < 200 && r.Status != 101
	if !r.NoBody {
		c.body.start(r.Length, f.lengths+f.codings == 0)
	}
	return nil
}

// parseStatusLine parses "HTTP/1.x 200 reason" (RFC 9112 section 4). The space
// before an absent reason may be absent too: servers leave it out, and no reader
// takes the line for another.
func parseStatusLine(r *wire.Response, line []byte) (err error) {
	if len(line) < len("HTTP/1.1 200") || line[8] != ' ' {
		return errStatusLine
	}
	if r.Version, err = parseVersion(line[:8]); err != nil {
		return err
	}
	code, reason := line[9:12], line[12:]
	if code[0] < '1' || !isDigit(code[0]) || !isDigit(code[1]) || !isDigit(code[2]) {
		return errStatusLine
	}
	if len(reason) > 0 && reason[0] != ' ' || !wire.IsFieldValue(reason) {
		return errStatusLine
	}
	r.Status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	return nil
}

// fillResponse decides where the response ends (RFC 9112 section 6.3).
func (f *fields) fillResponse(r *wire.Response, method []byte) error {
	length, announced, err := f.framing(r.Version)
	if err != nil {
		return err
	}
	r.Length = wire.UnknownLength
	if announced {
		r.Length = length
	}
	r.Close = !f.persists(r.Version)
	tunnel := r.Status/100 == 2 && string(method) == "CONNECT"
	switch {
	case r.Status < 200 || tunnel:
		// The next head, or foreign bytes, follow at once; content would be taken for them.
		if f.codings > 0 || announced && length != 0 {
			return errFramingForbidden
		}
		r.NoBody, r.Length = true, 0
	case r.Status == 204:
		// Many send Content-Length: 0. Whatever else is announced, and may come, dies with the connection.
		r.NoBody, r.Length = true, 0
		r.Close = r.Close || f.codings > 0 || length != 0
	case r.Status == 304 || string(method) == "HEAD":
		r.NoBody = true
	case !announced:
		r.Close = true
	}
	if r.Status == 101 {
		if f.upgrades != 1 || !f.switches || !isProtocolList(f.upgrade) || bytes.IndexByte(f.upgrade, ',') >= 0 {
			return errUpgrade
		}
		r.Upgrade = f.upgrade
	}
	return nil
}
