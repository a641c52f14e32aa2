package h1

import (
	"strconv"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// WriteRequest appends the head of a request to the buffer; nothing is sent
// before the buffer is full or flushed. It is always one of HTTP/1.1 in origin
// form (authority form for CONNECT). The framing is made from Length; framing
// and connection fields that stand in Header are left out. A head with bytes
// that must not be written is ErrInvalidHead, and nothing of it is written.
func (c *Conn) WriteRequest(r *wire.Request) error {
	c.client = true
	o := &c.out
	b, err := o.begin()
	if err != nil {
		return err
	}
	if b = appendRequestLine(b, r); b == nil {
		return ErrInvalidHead
	}
	if b = appendFields(b, &r.Header, wire.Host, wire.Expect); b == nil {
		return ErrInvalidHead
	}
	o.kind, o.left, o.drop, o.moved = bodyNone, 0, false, false
	switch {
	case r.Length > 0:
		o.kind, o.left = bodyLength, r.Length
		b = appendLength(b, r.Length)
	case r.Length < 0:
		o.kind = bodyChunked
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case wantsLength(r.Method):
		b = append(b, "Content-Length: 0\r\n"...)
	}
	if r.ExpectContinue && r.Length != 0 {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	if b = appendConnection(b, r.Close, r.Upgrade, r.TrailersAccepted); b == nil {
		return ErrInvalidHead
	}
	o.close = r.Close
	o.commit(append(b, '\r', '\n'))
	return nil
}

// appendRequestLine appends the request line and Host; nil means that they may not be written.
func appendRequestLine(b []byte, r *wire.Request) []byte {
	if !wire.IsToken(r.Method) || len(r.Authority) > 0 && !wire.IsAuthority(r.Authority) {
		return nil
	}
	b = append(b, r.Method...)
	b = append(b, ' ')
	switch {
	case string(r.Method) == "CONNECT":
		if len(r.Authority) == 0 {
			return nil
		}
		b = append(b, r.Authority...)
	case string(r.Path) == "*" && string(r.Method) == "OPTIONS" && !r.HasQuery:
		b = append(b, '*')
	case !wire.IsPath(r.Path) || !wire.IsQuery(r.Query):
		return nil
	default:
		b = append(b, r.Path...)
		if r.HasQuery {
			b = append(b, '?')
			b = append(b, r.Query...)
		}
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Authority...)
	return append(b, '\r', '\n')
}

// wantsLength says whether a request with that method and no content says so
// (RFC 9110 section 8.6).
func wantsLength(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT":
		return false
	}
	return true
}

// appendFields appends the lines of h besides those that the codec makes itself,
// which are the connection fields and two more; nil means that one may not be written.
func appendFields(b []byte, h *wire.Header, also1, also2 wire.Known) []byte {
	fields := h.Fields()
	for i := range fields {
		f := &fields[i]
		switch f.Known {
		case wire.Connection, wire.KeepAlive, wire.ProxyConnection, wire.TE,
			wire.TransferEncoding, wire.ContentLength, wire.Upgrade, wire.HTTP2Settings:
			continue
		case wire.Other:
		case also1, also2:
			continue
		}
		if b = appendField(b, f); b == nil {
			return nil
		}
	}
	return b
}

// appendField appends one line; nil means that it may not be written.
func appendField(b []byte, f *wire.Field) []byte {
	if !wire.IsToken(f.Name) || !wire.IsFieldValue(f.Value) {
		return nil
	}
	b = append(b, f.Name...)
	b = append(b, ':', ' ')
	b = append(b, f.Value...)
	return append(b, '\r', '\n')
}

func appendLength(b []byte, length int64) []byte {
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, length, 10)
	return append(b, '\r', '\n')
}

// appendConnection appends Connection, and Upgrade and TE which it must name; nil as above.
func appendConnection(b []byte, last bool, upgrade []byte, trailers bool) []byte {
	if len(upgrade) > 0 {
		if !isProtocolList(upgrade) {
			return nil
		}
		b = append(b, "Upgrade: "...)
		b = append(b, upgrade...)
		b = append(b, '\r', '\n')
	}
	if trailers {
		b = append(b, "TE: trailers\r\n"...)
	}
	options := 0
	option := func(name string) {
		if options++; options == 1 {
			b = append(b, "Connection: "...)
		} else {
			b = append(b, ", "...)
		}
		b = append(b, name...)
	}
	if last {
		option("close")
	}
	if len(upgrade) > 0 {
		option("upgrade")
	}
	if trailers {
		option("TE")
	}
	if options > 0 {
		b = append(b, '\r', '\n')
	}
	return b
}

// WriteResponse appends the head of a response to the buffer, informational or
// final, as an answer to the request read last: to HTTP/1.0 a body of unknown
// length ends with the connection, and informational responses are left out.
// The rest is as for WriteRequest. After a request that was refused, or that
// asked for it, the response says Connection: close, and so it does where a CONNECT is declined: what
// the client has sent behind that may be the tunnel's. One that is accepted has no framing (RFC 9110 section 9.3.6),
// and what follows is the tunnel.
func (c *Conn) WriteResponse(r *wire.Response) error {
	o := &c.out
	interim := r.Status < 200 && r.Status != 101
	if interim && c.head10 {
		return o.err
	}
	b, err := o.begin()
	if err != nil {
		return err
	}
	if b = appendStatusLine(b, r.Status); b == nil {
		return ErrInvalidHead
	}
	if b = appendFields(b, &r.Header, wire.Other, wire.Other); b == nil {
		return ErrInvalidHead
	}
	if interim {
		o.commit(append(b, '\r', '\n'))
		return nil
	}
	tunnel := r.Status == 101 || c.headConnect && r.Status < 300
	o.close = r.Close || c.peerClose || c.headConnect || tunnel
	o.left, o.drop = 0, false
	b = c.appendResponseFraming(b, r)
	var upgrade []byte
	if r.Status == 101 {
		upgrade = r.Upgrade
	}
	if b = appendConnection(b, o.close && !tunnel, upgrade, false); b == nil {
		return ErrInvalidHead
	}
	if c.head10 && !o.close {
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	o.commit(append(b, '\r', '\n'))
	return nil
}

// appendResponseFraming decides how the body's end is told and appends the field that says it.
func (c *Conn) appendResponseFraming(b []byte, r *wire.Response) []byte {
	o := &c.out
	switch {
	case r.Status < 200 || r.Status == 204 || c.headConnect && r.Status < 300:
		o.kind, o.drop = bodyNone, true
		return b
	case r.Status == 304 || c.headHEAD || r.NoBody:
		o.kind, o.drop = bodyNone, true
		// In a 304 a length of 0 is likelier one that nobody set than that of the content.
		if r.Length > 0 || r.Length == 0 && r.Status != 304 {
			b = appendLength(b, r.Length)
		}
		return b
	case r.Length >= 0:
		o.kind, o.left = bodyLength, r.Length
		if r.Length == 0 {
			o.kind = bodyNone
		}
		return appendLength(b, r.Length)
	case c.head10:
		o.kind, o.close = bodyClose, true
		return b
	}
	o.kind = bodyChunked
	return append(b, "Transfer-Encoding: chunked\r\n"...)
}

func appendStatusLine(b []byte, status int) []byte {
	if status < 100 || status > 999 {
		return nil
	}
	b = append(b, "HTTP/1.1 "...)
	b = append(b, byte('0'+status/100), byte('0'+status/10%10), byte('0'+status%10), ' ')
	b = append(b, wire.StatusText(status)...)
	return append(b, '\r', '\n')
}
