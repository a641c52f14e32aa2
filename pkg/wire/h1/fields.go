package h1

import (
	"bytes"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// maxNominated bounds how many names a message may nominate in Connection: each
// costs a pass over its header.
const maxNominated = 16

// takeConnection parses one Connection line (RFC 9110 section 7.6.1): a list of
// tokens. A nominated name is remembered, to be left out, unless it is one that
// the proxy relies on; to nominate what frames or directs the message is refused.
func (f *fields) takeConnection(buf *buffer, value []byte) error {
	for rest := value; ; {
		var option []byte
		var more bool
		option, rest, more = bytes.Cut(rest, comma)
		option = trim(option)
		switch {
		case len(option) == 0:
			// Empty list elements are allowed (RFC 9110 section 5.6.1.2).
		case !wire.IsToken(option):
			return errConnection
		case wire.EqualName(option, "close"):
			f.close = true
		case wire.EqualName(option, "keep-alive"):
			f.keepAlive = true
		case wire.EqualName(option, "upgrade"):
			f.switches = true
		default:
			if err := f.nominate(buf, option); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

var comma = []byte{','}

func (f *fields) nominate(buf *buffer, name []byte) error {
	switch wire.Lookup(name) {
	case wire.Host, wire.ContentLength, wire.TransferEncoding:
		return errConnection
	case wire.Other:
	case wire.HTTP2Settings:
		f.namesSettings = true
		return nil
	default:
		// Fields of one connection are left out anyway. The others (credentials,
		// addresses and the like) are for all recipients, and no sender may take
		// them from those: the option is invalid and ignored.
		return nil
	}
	if hasPrefixFold(name, "x-forwarded-") {
		return nil
	}
	if len(buf.nominated) == maxNominated {
		return errConnection
	}
	buf.nominated = append(buf.nominated, name)
	f.nominated = true
	return nil
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && wire.EqualName(b[:len(prefix)], prefix)
}

// listHas says whether a comma-separated list has that word, parameters aside.
func listHas(list []byte, word string) bool {
	for rest, more := list, true; more; {
		var element []byte
		element, rest, more = bytes.Cut(rest, comma)
		element, _, _ = bytes.Cut(element, semicolon)
		if wire.EqualName(trim(element), word) {
			return true
		}
	}
	return false
}

var semicolon = []byte{';'}

// framing returns the length that Content-Length and Transfer-Encoding tell
// (RFC 9112 section 6): wire.UnknownLength for chunked. announced is false where neither is there.
func (f *fields) framing(version wire.Version) (length int64, announced bool, err error) {
	switch {
	case f.codings == 0 && f.lengths == 0:
		return 0, false, nil
	case f.codings == 0:
		length, err = f.contentLength()
		return length, true, err
	case version == wire.HTTP10:
		return 0, true, errCodingInHTTP10
	case f.lengths > 0:
		return 0, true, errLengthAndCoding
	case f.codings > 1:
		return 0, true, errCodingDuplicate
	case wire.EqualName(f.coding, "chunked"):
		return wire.UnknownLength, true, nil
	}
	return 0, true, codingFault(f.coding)
}

// contentLength takes one line of one number of at most 18 digits, without
// sign and leading zeros. RFC 9110 section 8.6 lets a recipient accept a list of
// equal numbers; readers differ on that, so it is refused.
func (f *fields) contentLength() (int64, error) {
	if f.lengths > 1 {
		return 0, errLengthDuplicate
	}
	digits := f.length
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(digits) > 1 {
		return 0, errLength
	}
	var n int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, errLength
		}
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

// codingFault tells a well-formed list of codings that ends in the one chunked
// (501, RFC 9112 section 6.1) from anything else, whose end nobody can tell (400, section 6.3).
func codingFault(coding []byte) *Error {
	i := bytes.LastIndexByte(coding, ',')
	if i < 0 || !wire.EqualName(trim(coding[i+1:]), "chunked") || listHas(coding[:i], "chunked") {
		return errCoding
	}
	for rest, more := coding[:i], true; more; {
		var name []byte
		name, rest, more = bytes.Cut(rest, comma)
		if !wire.IsToken(trim(name)) {
			return errCoding
		}
	}
	return errCodingUnknown
}

// persists says whether the sender of the message keeps the connection open (RFC 9112 section 9.3).
func (f *fields) persists(version wire.Version) bool {
	if f.close {
		return false
	}
	return version != wire.HTTP10 || f.keepAlive
}

// protocol returns the one protocol that Upgrade names with Connection: upgrade,
// nil where there is none, several (a server may ignore the field), or another
// version of HTTP, since requests in a tunnel would go past the routes; for h2c see asksHTTP2.
func (f *fields) protocol() ([]byte, error) {
	if f.upgrades == 0 {
		return nil, nil
	}
	if !isProtocolList(f.upgrade) {
		return nil, errUpgrade
	}
	if !f.switches || f.upgrades > 1 || bytes.IndexByte(f.upgrade, ',') >= 0 {
		return nil, nil
	}
	if hasPrefixFold(f.upgrade, "h2") || hasPrefixFold(f.upgrade, "http/") {
		return nil, nil
	}
	return f.upgrade, nil
}

// asksHTTP2 says that the request asks for HTTP/2 in the one way that RFC 7540 section
// 3.2 has for it. RFC 9113 has dropped it.
func (f *fields) asksHTTP2(r *wire.Request) bool {
	return r.Version == wire.HTTP11 && r.Length == 0 && f.switches && f.namesSettings &&
		f.upgrades == 1 && wire.EqualName(f.upgrade, "h2c") && f.settingsLines == 1
}

// isProtocolList checks the grammar of Upgrade (RFC 9110 section 7.8).
func isProtocolList(list []byte) bool {
	for rest, more := list, true; more; {
		var protocol []byte
		protocol, rest, more = bytes.Cut(rest, comma)
		name, version, versioned := bytes.Cut(trim(protocol), slash)
		if !wire.IsToken(name) || versioned && !wire.IsToken(version) {
			return false
		}
	}
	return true
}

var slash = []byte{'/'}
