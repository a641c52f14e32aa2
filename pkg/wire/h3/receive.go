package h3

import (
	"errors"
	"io"

	"github.com/quic-go/qpack"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/section"
)

var _ wire.Body = (*Stream)(nil)

// fatal says that an error is one that ends the connection.
func fatal(err error) bool {
	var e *ConnError
	return errors.As(err, &e)
}

// knownFrame says that it is a type that has a meaning, though not on a request's stream.
func knownFrame(kind uint64) bool {
	switch kind {
	case frameCancelPush, frameSettings, framePushPromise, frameGoAway, frameMaxPushID:
		return true
	}
	return reservedFrame(kind)
}

// fill reads what has come, or waits for it. A deadline leaves all as it was.
func (s *Stream) fill() error {
	if s.eof {
		return io.EOF
	}
	if s.buf == nil {
		s.buf = inputs.Get().(*[inputSize]byte)
	}
	if s.r > 0 {
		s.w = copy(s.buf[:], s.buf[s.r:s.w])
		s.r = 0
	}
	n, err := s.qs.Read(s.buf[s.w:])
	s.w += n
	switch {
	case err == nil:
		return nil
	case isEnd(err):
		s.eof = true
		if n > 0 {
			return nil
		}
		return io.EOF
	}
	return ofStream(err)
}

// nextFrame returns the beginning of the next frame, or io.EOF where the stream has ended in front of one.
func (s *Stream) nextFrame() (kind, size uint64, err error) {
	for {
		if k, size, n := parseFrame(s.unread()); n > 0 {
			s.r += n
			return k, size, nil
		}
		if err := s.fill(); err != nil {
			if isEnd(err) && len(s.unread()) > 0 {
				err = connFrameTruncated // RFC 9114 section 7.1.
			}
			return 0, 0, err
		}
	}
}

// skip drops the payload of a frame that is not known (RFC 9114 section 9).
func (s *Stream) skip(size uint64) error {
	for size > 0 {
		if len(s.unread()) == 0 {
			if err := s.fill(); err != nil {
				return truncated(err)
			}
		}
		n := min(size, uint64(len(s.unread())))
		s.r += int(n)
		size -= n
	}
	return s.c.spend(1)
}

// truncated is the error of a stream that ended within a frame (RFC 9114 section 7.1).
func truncated(err error) error {
	if isEnd(err) {
		return connFrameTruncated
	}
	return err
}

// readSection reads a field section of that size. What is larger than any that would be served is not read.
func (s *Stream) readSection(sec *section.Section, size uint64) error {
	if size > uint64(s.c.opts.MaxHeaderBytes) {
		sec.TooLarge()
		s.broken = ErrReset // What follows the head cannot be found.
		return nil
	}
	block := make([]byte, size)
	for have := 0; have < len(block); {
		if len(s.unread()) == 0 {
			if err := s.fill(); err != nil {
				return truncated(err)
			}
		}
		n := copy(block[have:], s.unread())
		s.r += n
		have += n
	}
	next := qpack.NewDecoder().Decode(block)
	for sec.Refused() == nil {
		f, err := next()
		if isEnd(err) {
			return nil
		}
		if err != nil {
			return connCompression
		}
		sec.Field(f.Name, f.Value)
	}
	return nil
}

// advance goes to the next DATA frame that has bytes, or to the end of the message.
func (s *Stream) advance() error {
	for s.data == 0 && !s.ended {
		kind, size, err := s.nextFrame()
		switch {
		case isEnd(err):
			return s.endOfBody()
		case err != nil:
			return err
		case kind == frameData && !s.trailed:
			if err = s.openData(size); err != nil {
				return err
			}
		case kind == frameHeaders && !s.trailed:
			if err = s.readTrailer(size); err != nil {
				return err
			}
		case kind == frameData, kind == frameHeaders, knownFrame(kind):
			return connFrameUnexpected
		default:
			if err = s.skip(size); err != nil {
				return err
			}
		}
	}
	return nil
}

// openData begins a DATA frame.
func (s *Stream) openData(size uint64) error {
	if size == 0 {
		return s.c.spend(1)
	}
	if s.expected >= 0 && (size > uint64(s.expected) || s.received > s.expected-int64(size)) {
		return s.malformed()
	}
	s.data = size
	return nil
}

// endOfBody ends the message.
func (s *Stream) endOfBody() error {
	if s.expected >= 0 && s.received != s.expected {
		return s.malformed()
	}
	s.ended = true
	return nil
}

// readTrailer reads the trailer section.
func (s *Stream) readTrailer(size uint64) error {
	s.trailed = true
	sec := section.New(wire.HTTP3, s.c.opts.section())
	sec.RequestTrailer(&s.trailer)
	if err := s.readSection(&sec, size); err != nil {
		return err
	}
	if sec.Malformed() != "" || sec.Refused() != nil {
		return s.malformed()
	}
	return nil
}

// Read reads the request's body, as wire.Body says. It fails with
// os.ErrDeadlineExceeded, ErrReset or ErrMalformed.
func (s *Stream) Read(p []byte) (int, error) {
	n, err := s.read(p)
	if err == nil || isEnd(err) {
		return n, err
	}
	var e *ConnError
	if errors.As(err, &e) {
		s.c.end(e)
		err = ErrMalformed
	}
	if err == ErrMalformed || err == ErrReset { //nolint:errorlint // They are what this package returns.
		s.broken = err
	}
	return n, err
}

func (s *Stream) read(p []byte) (int, error) {
	if s.broken != nil {
		return 0, s.broken
	}
	if len(p) == 0 {
		return 0, nil
	}
	if err := s.advance(); err != nil {
		return 0, err
	}
	if s.ended {
		return 0, io.EOF
	}
	if len(s.unread()) == 0 {
		if err := s.fill(); err != nil {
			return 0, truncated(err)
		}
	}
	n := copy(p[:min(uint64(len(p)), s.data)], s.unread())
	s.r += n
	s.data -= uint64(n)
	s.received += int64(n)
	if s.data == 0 && s.eof && len(s.unread()) == 0 {
		if err := s.endOfBody(); err != nil {
			return n, err
		}
		return n, io.EOF
	}
	return n, nil
}

// Trailer returns the trailer fields once Read has returned io.EOF, nil where there are none.
func (s *Stream) Trailer() *wire.Header {
	if !s.ended || s.trailer.Len() == 0 {
		return nil
	}
	return &s.trailer
}

// Buffered returns how many bytes of the body can be read at once at least.
func (s *Stream) Buffered() int {
	if s.data == 0 {
		kind, size, n := parseFrame(s.unread())
		if n == 0 || kind != frameData {
			return 0
		}
		return int(min(size, uint64(len(s.unread())-n)))
	}
	return int(min(s.data, uint64(len(s.unread()))))
}

// BodyDone says that all of the request was read.
func (s *Stream) BodyDone() bool { return s.ended }
