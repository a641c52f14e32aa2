package h1

import (
	"bytes"
	"errors"
	"io"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// bounds are the limits of one section, and what to say beyond them.
type bounds struct {
	bytes, lines             int
	tooLong, tooLarge, crowd *Error
}

// section reads lines up to and with the empty one and returns their length in
// bytes; they begin at in.r and are not consumed. The ends of the lines, empty
// one excluded, are in in.buf.lines. Each LF must follow a CR, which is checked
// as the lines come, so that a peer that never sends CRLF is refused at once.
func (in *input) section(lim *bounds) (int, error) {
	if in.buf != nil {
		in.buf.lines = in.buf.lines[:0]
	}
	start, seen := 0, 0 // of the line that is being read, and how much of it was looked at
	for {
		b := in.unread()
		for {
			i := bytes.IndexByte(b[seen:], '\n')
			if i < 0 {
				seen = len(b)
				break
			}
			if seen+i >= lim.bytes { // First: whoever gets the bytes one by one sees this first.
				return 0, lim.over(len(in.buf.lines))
			}
			end := seen + i - 1
			if end < start || b[end] != '\r' {
				return 0, errBareLF
			}
			seen = end + 2
			if end == start {
				return seen, nil
			}
			if b[start] == '\r' {
				return 0, errBareCR // Some take CR CR LF for the empty line, and wait for an answer.
			}
			if len(in.buf.lines) == lim.lines {
				return 0, lim.crowd
			}
			in.buf.lines = append(in.buf.lines, int32(end))
			start = seen
		}
		if len(b) >= lim.bytes {
			return 0, lim.over(len(in.buf.lines))
		}
		if err := in.fill(); err != nil {
			return 0, err
		}
	}
}

// over returns the fault of a section that is too large after that many lines.
func (l *bounds) over(lines int) *Error {
	if lines == 0 {
		return l.tooLong
	}
	return l.tooLarge
}

// skipEmptyLine waits for the first byte of a message and passes over one empty
// line ahead of it (RFC 9112 section 2.2). What cannot begin a start line is
// refused before a whole line of it has come.
func (in *input) skipEmptyLine() error {
	b := in.unread()
	if b[0] == '\r' {
		for len(b) < 3 {
			if len(b) == 2 && b[1] != '\n' {
				return errBareCR
			}
			if err := in.fill(); err != nil {
				return err
			}
			b = in.unread()
		}
		if b[1] != '\n' {
			return errBareCR
		}
		in.r += 2
		b = b[2:]
		if b[0] == '\r' {
			return errEmptyLine
		}
	}
	switch {
	case b[0] == '\n':
		return errBareLF
	case !wire.IsTokenByte(b[0]):
		return errMethod
	}
	return nil
}

// fields are the lines that the codec handles itself, as parseFields found them.
type fields struct {
	host, length, coding, upgrade, expect []byte
	hosts, lengths, codings, upgrades     int
	expects                               int
	// settings is HTTP2-Settings, of which there are so many lines.
	settings      []byte
	settingsLines int
	// What the Connection lines said, and TE.
	close, keepAlive, switches, trailers, namesSettings bool
	// nominated says that in.buf.nominated holds names to leave out.
	nominated bool
}

// parseFields parses the field lines among those that section found, from
// line first on, into h; the fields that the codec handles go to f.
func (in *input) parseFields(h *wire.Header, f *fields, first int, kept underscores) error {
	b := in.buf.b[in.r:]
	start := 0
	if first > 0 {
		start = int(in.buf.lines[first-1]) + 2
	}
	in.buf.nominated = in.buf.nominated[:0]
	for _, end := range in.buf.lines[first:] {
		field, underscore, err := parseField(b[start:end])
		if err != nil {
			return err
		}
		start = int(end) + 2
		if underscore && !kept.keeps(field.Name) {
			continue
		}
		field.Known = wire.Lookup(field.Name)
		belongs := field.Known == wire.Other
		if !belongs {
			if belongs, err = f.take(in.buf, field); err != nil {
				return err
			}
		}
		if belongs {
			h.AppendAlias(field)
		}
	}
	if f.nominated {
		for _, name := range in.buf.nominated {
			h.DelBytes(name)
		}
	}
	return nil
}

// parseField parses one field line (RFC 9112 section 5) without its CRLF.
func parseField(line []byte) (f wire.Field, underscore bool, err error) {
	n := 0
	for n < len(line) && wire.IsTokenByte(line[n]) {
		if line[n] == '_' {
			underscore = true
		}
		n++
	}
	if n == len(line) {
		return f, false, errNoColon
	}
	if line[n] != ':' {
		return f, false, nameFault(line, n)
	}
	if n == 0 {
		return f, false, errNameEmpty
	}
	value := trim(line[n+1:])
	if !wire.IsFieldValue(value) {
		if bytes.IndexByte(value, '\r') >= 0 {
			return f, false, errBareCR
		}
		return f, false, errValue
	}
	return wire.Field{Name: line[:n:n], Value: value}, underscore, nil
}

// nameFault says what is wrong with a line whose byte n cannot be part of a name.
func nameFault(line []byte, n int) *Error {
	switch c := line[n]; {
	case c == '\r':
		return errBareCR
	case c != ' ' && c != '\t':
		return errName
	case n == 0:
		return errObsFold
	}
	if rest := trim(line[n:]); len(rest) > 0 && rest[0] == ':' {
		return errSpaceBeforeColon
	}
	return errName
}

// trim cuts optional whitespace (RFC 9110 section 5.6.3) from both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b[:len(b):len(b)]
}

// take looks at a well-known field; kept says that it belongs into the header.
func (f *fields) take(buf *buffer, field wire.Field) (kept bool, err error) {
	switch field.Known {
	case wire.Host:
		f.host = field.Value
		f.hosts++
	case wire.ContentLength:
		f.length = field.Value
		f.lengths++
	case wire.TransferEncoding:
		f.coding = field.Value
		f.codings++
	case wire.Connection:
		return false, f.takeConnection(buf, field.Value)
	case wire.Upgrade:
		f.upgrade = field.Value
		f.upgrades++
	case wire.Expect:
		f.expect = field.Value
		f.expects++
	case wire.TE:
		f.trailers = f.trailers || listHas(field.Value, "trailers")
	case wire.HTTP2Settings:
		f.settings = field.Value
		f.settingsLines++
	case wire.Trailer:
		return wire.AnnouncesTrailers(field.Value), nil
	case wire.KeepAlive, wire.ProxyConnection:
	default:
		return true, nil
	}
	return false, nil
}

// unexpectedEOF is io.ErrUnexpectedEOF for an end inside a message.
func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
