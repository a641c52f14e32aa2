package h3

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// Stream is one request and its response. It is valid until the function that
// serves it returns.
type Stream struct {
	c  *Conn
	qs quicStream

	req     wire.Request
	refused *Error
	input
	output
	// unwatch ends waiting for the client to leave.
	unwatch func() bool

	// mu guards what follows.
	mu sync.Mutex
	// finished says that our half has ended, in order or not.
	finished bool
	// killed says that the client left before that.
	killed bool
	// onGone is called then.
	onGone func()
}

// quicStream is what a Stream needs of QUIC.
type quicStream interface {
	io.Reader
	io.Writer
	io.Closer
	Context() context.Context
	CancelRead(quic.StreamErrorCode)
	CancelWrite(quic.StreamErrorCode)
	SetReliableBoundary()
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	ReleaseStreamCredit()
}

func newStream(c *Conn, qs quicStream) *Stream {
	s := &Stream{c: c, qs: qs}
	s.input.expected, s.left = wire.UnknownLength, wire.UnknownLength
	s.unwatch = context.AfterFunc(qs.Context(), s.writeSideEnded)
	return s
}

// writeSideEnded finds out whether the client has ended our half of the stream.
func (s *Stream) writeSideEnded() {
	s.mu.Lock()
	if s.finished || s.killed {
		s.mu.Unlock()
		return
	}
	s.killed = true
	tell := s.onGone
	s.onGone = nil
	s.mu.Unlock()
	s.c.spendReset()
	if tell != nil {
		tell()
	}
}

// OnGone has f called when the client resets the stream or the connection ends
// before the response does; at once if that has happened. f is called once, by another
// goroutine. nil takes it back; happened says that it is too late for that: f was
// called, or is about to be.
func (s *Stream) OnGone(f func()) (happened bool) {
	s.mu.Lock()
	happened = s.killed
	if !happened {
		s.onGone = f
	}
	s.mu.Unlock()
	if happened && f != nil {
		f()
	}
	return happened
}

// Conn returns the connection of the stream.
func (s *Stream) Conn() *Conn { return s.c }

// end ends our half of the stream by f, unless it has ended.
func (s *Stream) end(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.finished {
		s.finished = true
		f()
	}
}

// Reset ends the stream so that the client cannot take it for complete. What was written before
// still arrives where the client knows how to ask for that (RESET_STREAM_AT); else it may be lost. Any
// goroutine may call it.
func (s *Stream) Reset(code Code) {
	s.end(func() {
		s.qs.SetReliableBoundary()
		s.qs.CancelWrite(quic.StreamErrorCode(code))
	})
	s.qs.CancelRead(quic.StreamErrorCode(code))
}

// malformed resets the stream because the client broke a rule (RFC 9114 section 4.1.2).
func (s *Stream) malformed() error {
	s.Reset(MessageError)
	s.c.spendReset()
	return ErrMalformed
}

// leave ends the work on a stream.
func (s *Stream) leave() {
	s.unwatch()
	s.end(func() { s.qs.CancelWrite(quic.StreamErrorCode(InternalError)) })
	code := InternalError
	if s.closed {
		code = NoError // RFC 9114 section 4.1: the rest of the request is not wanted.
		s.c.forgive()
	}
	if !s.ended {
		s.qs.CancelRead(quic.StreamErrorCode(code))
	}
	s.input.release()
	s.qs.ReleaseStreamCredit()
}

// readHead reads the head of the request. An error means that there is no request to be served.
func (s *Stream) readHead() error {
	s.SetReadDeadline(time.Now().Add(s.c.opts.HeadTimeout))
	defer s.SetReadDeadline(time.Time{})
	size, err := s.awaitHeaders()
	if err != nil {
		if isEnd(err) || !fatal(err) {
			s.Reset(RequestIncomplete) // It came too late, or not at all.
		}
		return err
	}
	sec := section.New(wire.HTTP3, s.c.opts.section())
	sec.Request(&s.req, nil)
	if err := s.readSection(&sec, size); err != nil {
		if !fatal(err) {
			s.Reset(RequestIncomplete)
		}
		return err
	}
	if s.refused = sec.Refused(); s.refused == nil && sec.Malformed() == "" {
		s.awaitEnd()
	}
	s.ended = s.eof && len(s.unread()) == 0
	if s.broken == nil && sec.CloseRequest(s.ended) != "" {
		return s.malformed()
	}
	s.refused = sec.Refused()
	s.req.Version = wire.HTTP3
	if s.expected = s.req.Length; len(s.req.Upgrade) > 0 {
		s.expected = wire.UnknownLength
	}
	return nil
}

// awaitHeaders returns the size of the first HEADERS frame.
func (s *Stream) awaitHeaders() (uint64, error) {
	for {
		kind, size, err := s.nextFrame()
		switch {
		case err != nil:
			return 0, err
		case kind == frameHeaders:
			return size, nil
		case kind == frameData || knownFrame(kind):
			return 0, connFrameUnexpected
		}
		if err := s.skip(size); err != nil {
			return 0, err
		}
	}
}

// awaitEnd waits a moment for the end of a stream where most clients send it with the head: most likely
// there is no body.
func (s *Stream) awaitEnd() {
	switch string(s.req.Method) {
	case "GET", "HEAD", "OPTIONS", "DELETE":
	default:
		return
	}
	if len(s.unread()) == 0 && !s.eof {
		s.SetReadDeadline(time.Now().Add(s.c.opts.EndWait))
		_ = s.fill() // Whatever goes wrong is found again by who reads the body.
	}
}

// TakeRequest gives the head to r, and takes r's memory in its place. An error means
// that the head is beyond a limit, and what r holds is not all of it.
func (s *Stream) TakeRequest(r *wire.Request) *Error {
	s.req, *r = *r, s.req
	s.req.Reset()
	return s.refused
}

// SetReadDeadline bounds reads of the body, pending ones too; zero means no bound. Any goroutine may call it.
func (s *Stream) SetReadDeadline(at time.Time) { _ = s.qs.SetReadDeadline(at) }

// SetWriteDeadline bounds the time that writes wait for the client. Any goroutine may call it.
func (s *Stream) SetWriteDeadline(at time.Time) { _ = s.qs.SetWriteDeadline(at) }

// input is the half of a stream that the client writes. Who reads the body uses it.
type input struct {
	buf  *[inputSize]byte
	r, w int
	// eof says that QUIC has no more bytes, ended that the message has come to its end.
	eof, ended bool
	// broken is the error that ends all reading.
	broken error
	// data is what is left of the DATA frame that is being read.
	data uint64
	// trailed says that trailers have come.
	trailed bool
	trailer wire.Header
	// expected is the announced length of the body, or UnknownLength; received is what has come.
	expected, received int64
}

const inputSize = 4 << 10

var inputs = sync.Pool{New: func() any { return new([inputSize]byte) }}

func (in *input) unread() []byte {
	if in.buf == nil {
		return nil
	}
	return in.buf[in.r:in.w]
}

// release gives the buffer back.
func (in *input) release() {
	if in.buf != nil {
		inputs.Put(in.buf)
		in.buf, in.r, in.w = nil, 0, 0
	}
}

var _ io.Reader = (*Stream)(nil)
