package h1

import (
	"bytes"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// maxMethod bounds a method, in bytes; a longer one is nobody's (RFC 9112 section 3: 501).
const maxMethod = 64

// ReadRequest reads the head of the next request into r (which it resets).
// io.EOF means that the peer closed the connection before the first byte, an
// *Error that the request was refused.
func (c *Conn) ReadRequest(r *wire.Request) error {
	if !c.BodyDone() {
		return ErrBodyPending
	}
	r.Reset()
	c.client = false
	c.in.begin()
	if len(c.in.unread()) == 0 {
		if err := c.WaitReadable(); err != nil {
			c.broken = true
			return err
		}
	}
	if err := c.readRequest(r); err != nil {
		c.peerClose = true
		return c.fail(err)
	}
	return nil
}

func (c *Conn) readRequest(r *wire.Request) error {
	// Until the head is known, an answer is one to HTTP/1.1, and the last.
	c.head10, c.headHEAD, c.headConnect, c.peerClose = false, false, false, true
	if err := c.in.skipEmptyLine(); err != nil {
		return unexpectedEOF(err)
	}
	n, err := c.in.section(&bounds{
		bytes: c.lim.MaxHeadBytes, lines: c.lim.MaxFields + 1,
		tooLong: errTargetTooLong, tooLarge: errHeadTooLarge, crowd: errTooManyFields,
	})
	if err != nil {
		return unexpectedEOF(err)
	}
	if err := c.parseRequest(r); err != nil {
		return err
	}
	c.in.consume(n)
	c.headHEAD = string(r.Method) == "HEAD"
	c.headConnect = string(r.Method) == "CONNECT"
	c.head10 = r.Version == wire.HTTP10
	c.peerClose = r.Close
	c.body.start(r.Length, false)
	c.out.done = false
	return nil
}

// consume passes over a head, whose bytes stay where they are while they are aliased.
func (in *input) consume(n int) {
	in.r += n
	in.base = in.r
}

func (c *Conn) parseRequest(r *wire.Request) error {
	in := &c.in
	target, err := parseRequestLine(r, in.buf.b[in.r:in.r+int(in.buf.lines[0])])
	if err != nil {
		return err
	}
	if len(target) > c.lim.MaxTargetBytes {
		return errTargetTooLong
	}
	if err := parseTarget(r, target); err != nil {
		return err
	}
	var f fields
	if err := in.parseFields(&r.Header, &f, 1, c.underscores()); err != nil {
		return err
	}
	if err := f.checkHost(r); err != nil {
		return err
	}
	if err := f.fillRequest(r); err != nil {
		return err
	}
	if c.lim.UpgradeHTTP2 && f.asksHTTP2(r) {
		r.Upgrade, r.HTTP2Settings = f.upgrade, f.settings
	}
	return nil
}

// parseRequestLine parses "METHOD target HTTP/1.x" (RFC 9112 section 3): single
// spaces, nothing else.
func parseRequestLine(r *wire.Request, line []byte) (target []byte, err error) {
	if bytes.IndexByte(line, '\r') >= 0 {
		return nil, errBareCR
	}
	method, rest, ok := bytes.Cut(line, space)
	if !wire.IsToken(method) {
		return nil, errMethod
	}
	if len(method) > maxMethod {
		return nil, errMethodTooLong
	}
	end := bytes.LastIndexByte(rest, ' ')
	if !ok || end <= 0 {
		return nil, errRequestLine
	}
	r.Method = method[:len(method):len(method)]
	target = rest[:end:end]
	if bytes.IndexByte(target, ' ') >= 0 {
		return nil, errRequestLine
	}
	r.Version, err = parseVersion(rest[end+1:])
	return target, err
}

var space = []byte{' '}

// parseVersion takes "HTTP/1.0" as itself and each higher minor version as
// HTTP/1.1 (RFC 9110 section 6.2); another major version is 505.
func parseVersion(b []byte) (wire.Version, error) {
	if string(b) == "HTTP/1.1" {
		return wire.HTTP11, nil
	}
	if len(b) != 8 || string(b[:5]) != "HTTP/" || b[6] != '.' || !isDigit(b[5]) || !isDigit(b[7]) {
		return 0, errVersionSyntax
	}
	if b[5] != '1' {
		return 0, errVersion
	}
	if b[7] == '0' {
		return wire.HTTP10, nil
	}
	return wire.HTTP11, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// checkHost checks Host against the target (RFC 9112 section 3.2): exactly one
// line, which may be missing in HTTP/1.0 alone. The target's own authority
// wins, but only where Host says the same: two readers could choose otherwise.
func (f *fields) checkHost(r *wire.Request) error {
	switch {
	case f.hosts > 1:
		return errHostDuplicate
	case f.hosts == 0 && r.Version == wire.HTTP10:
		return nil
	case f.hosts == 0:
		return errHostMissing
	case !wire.IsAuthority(f.host):
		return errHost
	case r.Authority == nil:
		r.Authority = f.host
	case !wire.EqualFold(r.Authority, f.host):
		return errTargetConflict
	}
	return nil
}

func (f *fields) fillRequest(r *wire.Request) (err error) {
	if r.Length, _, err = f.framing(r.Version); err != nil {
		return err
	}
	if string(r.Method) == "CONNECT" && (f.lengths > 0 || f.codings > 0) {
		return errFramingForbidden
	}
	protocol, err := f.protocol()
	if err != nil {
		return err
	}
	r.Close = !f.persists(r.Version)
	r.TrailersAccepted = f.trailers
	if f.expects > 0 && (f.expects > 1 || !wire.EqualName(f.expect, "100-continue")) {
		return errExpectation
	}
	if r.Version == wire.HTTP10 {
		return nil // It knows neither 100 (RFC 9110 section 10.1.1) nor Upgrade (section 7.8).
	}
	// Without content there is nothing to wait for; with content, the switch
	// could only come behind it, and endpoints disagree on where it begins.
	r.ExpectContinue = f.expects > 0 && r.Length != 0
	if r.Length == 0 {
		r.Upgrade = protocol
	}
	return nil
}
