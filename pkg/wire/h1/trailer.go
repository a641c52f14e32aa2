package h1

import "github.com/sluice-dev/sluice/pkg/wire"

// readTrailer reads the trailer section behind the last chunk (RFC 9112 section
// 7.1.2). Its lines obey the rules of the head's.
func (b *body) readTrailer() error {
	in := &b.c.in
	n, err := in.section(&bounds{
		bytes: b.c.lim.MaxTrailerBytes, lines: b.c.lim.MaxFields,
		tooLong: errTrailerTooLarge, tooLarge: errTrailerTooLarge, crowd: errTooManyFields,
	})
	if err != nil {
		return err
	}
	section, start := in.buf.b[in.r:], 0
	for _, end := range in.buf.lines {
		field, underscore, err := parseField(section[start:end])
		if err != nil {
			return err
		}
		start = int(end) + 2
		if underscore && !b.c.lim.KeepUnderscores {
			continue
		}
		field.Known = wire.Lookup(field.Name)
		if mayTrail(field) {
			b.trailer.AppendAlias(field)
			b.hasTrailer = true
		}
	}
	in.consume(n)
	b.kind = bodyNone
	return nil
}

// mayTrail says whether a field may stand in a trailer section: not those that
// frame or direct a message, authenticate, or tell how to read its content (RFC
// 9110 section 6.5.1), nor those that tell a proxy's peers who the client is.
func mayTrail(f wire.Field) bool {
	if f.Known != wire.Other || hasPrefixFold(f.Name, "x-forwarded-") || hasPrefixFold(f.Name, "if-") {
		return false
	}
	for _, name := range noTrailers {
		if wire.EqualName(f.Name, name) {
			return false
		}
	}
	return true
}

// noTrailers are the names, besides the well-known ones, that may not stand in a trailer section.
var noTrailers = [...]string{
	"Age", "Allow", "Alt-Svc", "Authentication-Info", "Cache-Control", "Content-Disposition", "Content-Encoding",
	"Content-Language", "Content-Location", "Content-Range", "Expires", "Max-Forwards", "Pragma",
	"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Range", "Strict-Transport-Security",
	"Vary", "Warning", "WWW-Authenticate", "X-Original-Method", "X-Original-URL", "X-Rewrite-URL",
}
