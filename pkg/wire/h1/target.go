package h1

import (
	"bytes"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// parseTarget parses a request target (RFC 9112 section 3.2) into r: origin
// form, absolute form of http and https, authority form for CONNECT alone, "*" for OPTIONS alone.
func parseTarget(r *wire.Request, target []byte) error {
	switch {
	case string(r.Method) == "CONNECT":
		_, _, hasPort := wire.SplitPort(target)
		if !wire.IsAuthority(target) || !hasPort {
			return errTargetForm
		}
		r.Authority = target
		return nil
	case target[0] == '/':
		return parseOrigin(r, target)
	case string(target) == "*":
		if string(r.Method) != "OPTIONS" {
			return errTargetForm
		}
		r.Path = target
		return nil
	case hasPrefixFold(target, "http://"):
		return parseAbsolute(r, target[len("http://"):])
	case hasPrefixFold(target, "https://"):
		return parseAbsolute(r, target[len("https://"):])
	case !wire.IsQuery(target):
		return errTarget
	}
	return errTargetForm
}

// parseOrigin parses "/path?query".
func parseOrigin(r *wire.Request, target []byte) error {
	path := target
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		path = target[:i:i]
		r.Query, r.HasQuery = target[i+1:], true
		if !wire.IsQuery(r.Query) {
			return errTarget
		}
	}
	if !wire.IsPath(path) {
		return errTarget
	}
	r.Path = path
	return nil
}

var rootPath = []byte{'/'}

// parseAbsolute parses what stands behind "http://". An empty path is "/", and
// for OPTIONS without a query "*" (RFC 9112 section 3.2.4).
func parseAbsolute(r *wire.Request, rest []byte) error {
	n := bytes.IndexAny(rest, "/?")
	if n < 0 {
		n = len(rest)
	}
	r.Authority = rest[:n:n]
	if !wire.IsAuthority(r.Authority) {
		return errTarget
	}
	rest = rest[n:]
	switch {
	case len(rest) > 0 && rest[0] == '/':
		return parseOrigin(r, rest)
	case len(rest) == 0 && string(r.Method) == "OPTIONS":
		r.Path = asterisk
		return nil
	case len(rest) > 0:
		r.Query, r.HasQuery = rest[1:], true
		if !wire.IsQuery(r.Query) {
			return errTarget
		}
	}
	r.Path = rootPath
	return nil
}

var asterisk = []byte{'*'}
