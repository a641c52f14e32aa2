package h1

import (
	"bytes"
	"io"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// readChunked reads from as many chunks as are buffered (RFC 9112 section 7.1).
// It blocks only while it has nothing to return.
func (b *body) readChunked(p []byte) (n int, err error) {
	in := &b.c.in
	for {
		if b.left == 0 {
			if n > 0 && !b.lineBuffered() {
				return n, nil
			}
			done, err := b.nextChunk(n == 0)
			switch {
			case err != nil:
				return n, err
			case done && n == 0:
				return 0, io.EOF
			case done || b.inTrailer:
				return n, nil
			}
		}
		if n == len(p) || n > 0 && len(in.unread()) == 0 {
			return n, nil
		}
		if len(in.unread()) == 0 && b.left < min(int64(len(p)-n), smallSize) {
			// The rest of the chunk and the line behind it come in one read; of a
			// large chunk, most goes to p without a copy.
			if err := in.fill(); err != nil {
				return n, err
			}
		}
		m, err := in.data(p[n:min(len(p), n+int(min(b.left, int64(len(p)))))])
		n += m
		if b.left -= int64(m); b.left == 0 && m > 0 {
			b.afterChunk = true
		}
		if err != nil {
			return n, err
		}
	}
}

// lineBuffered says that all of the next chunk's size line is in the buffer.
func (b *body) lineBuffered() bool {
	unread := b.c.in.unread()
	if b.afterChunk {
		if len(unread) < 2 {
			return false
		}
		unread = unread[2:]
	}
	return bytes.IndexByte(unread, '\n') >= 0
}

// nextChunk moves on to the data of the next chunk, or, behind the last one, to
// the end of the trailer section: then done is true. Unless it may block it
// stops ahead of a trailer section that is not a mere empty line in the buffer.
func (b *body) nextChunk(block bool) (done bool, err error) {
	in := &b.c.in
	if b.afterChunk {
		if err := in.chunkEnd(); err != nil {
			return false, err
		}
		b.afterChunk = false
	}
	if !b.inTrailer {
		line, err := in.line(16+b.c.lim.MaxChunkExtBytes, errChunkExtLong)
		if err != nil {
			return false, err
		}
		if b.left, err = b.parseChunkLine(line); err != nil {
			return false, err
		}
		if b.left > 0 {
			return false, nil
		}
		b.inTrailer = true
	}
	if unread := in.unread(); len(unread) >= 2 && unread[0] == '\r' && unread[1] == '\n' {
		in.r += 2
		b.kind = bodyNone
		return true, nil
	}
	if !block {
		return false, nil
	}
	return true, b.readTrailer()
}

// chunkEnd takes the CRLF behind a chunk's data.
func (in *input) chunkEnd() error {
	for len(in.unread()) < 2 {
		if u := in.unread(); len(u) == 1 && u[0] != '\r' {
			return errChunkEnd
		}
		if err := in.fill(); err != nil {
			return err
		}
	}
	if u := in.unread(); u[0] != '\r' || u[1] != '\n' {
		return errChunkEnd
	}
	in.r += 2
	return nil
}

// line consumes one line of at most limit bytes and returns it without its
// CRLF, valid until the next read.
func (in *input) line(limit int, tooLong *Error) ([]byte, error) {
	seen := 0
	for {
		unread := in.unread()
		if i := bytes.IndexByte(unread[seen:], '\n'); i >= 0 {
			end := seen + i - 1
			switch {
			case end > limit: // First: whoever gets the bytes one by one sees this first.
				return nil, tooLong
			case end < 0 || unread[end] != '\r':
				return nil, errBareLF
			}
			in.r += end + 2
			return unread[:end], nil
		}
		seen = len(unread)
		if seen > limit+1 {
			return nil, tooLong
		}
		if err := in.fill(); err != nil {
			return nil, err
		}
	}
}

// parseChunkLine parses a chunk's size, 1 to 16 hexadecimal digits, and checks
// and drops its extensions.
func (b *body) parseChunkLine(line []byte) (size int64, err error) {
	n := 0
	for n < len(line) {
		digit, ok := hexDigit(line[n])
		if !ok {
			break
		}
		if n == 16 || size > (1<<63-1)>>4 {
			return 0, errChunkSizeLarge
		}
		size = size<<4 | int64(digit)
		n++
	}
	if n == 0 {
		return 0, errChunkSize
	}
	ext := line[n:]
	if len(ext) == 0 {
		return size, nil
	}
	if ext[0] != ';' {
		return 0, errChunkSize
	}
	if b.ext += len(ext); b.ext > b.c.lim.MaxChunkExtBytes {
		return 0, errChunkExtLong
	}
	if !isChunkExt(ext) {
		return 0, errChunkExt
	}
	return size, nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// isChunkExt checks *( ";" name [ "=" value ] ), where value is a token or a
// quoted string (RFC 9112 section 7.1.1). The "bad" whitespace that the grammar
// tolerates for old senders is refused: readers differ on where the size ends.
func isChunkExt(ext []byte) bool {
	for len(ext) > 0 {
		if ext[0] != ';' {
			return false
		}
		n := tokenLen(ext[1:])
		if n == 0 {
			return false
		}
		if ext = ext[1+n:]; len(ext) == 0 || ext[0] != '=' {
			continue
		}
		ext = ext[1:]
		if n = tokenLen(ext); n == 0 {
			n = quotedLen(ext)
		}
		if n == 0 {
			return false
		}
		ext = ext[n:]
	}
	return true
}

func tokenLen(b []byte) int {
	n := 0
	for n < len(b) && wire.IsTokenByte(b[n]) {
		n++
	}
	return n
}

// quotedLen returns the length of the quoted string that b begins with (RFC
// 9110 section 5.6.4), 0 where it does not begin with one.
func quotedLen(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			if !wire.IsFieldValue(b[:i]) {
				return 0
			}
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}
