package h3

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/quic-go/qpack"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// output is the half of a stream that we write. Who writes the response uses it.
type output struct {
	// out are frames that wait, small what of the body waits behind them.
	out, small []byte
	// left is what the response's body still lacks, UnknownLength where that is unknown.
	left int64
	// drop says that the response has no body, whatever is written.
	drop bool
	// closed says that the response has come to its end in order.
	closed bool
}

// smallBody is what of a body waits for the rest, so that a small response goes as a whole.
const smallBody = 4 << 10

// WriteInterim sends an informational response (RFC 9110 section 15.2).
func (s *Stream) WriteInterim(r *wire.Response) error {
	if err := s.writeHeaders(r); err != nil {
		return err
	}
	return s.Flush()
}

// WriteHead begins the response. It is sent with what follows. Length and NoBody say what may follow.
func (s *Stream) WriteHead(r *wire.Response) error {
	if err := s.writeHeaders(r); err != nil {
		return err
	}
	s.drop, s.left = r.NoBody, r.Length
	return nil
}

func (s *Stream) writeHeaders(r *wire.Response) error {
	if r.Status < 100 || r.Status > 999 || r.Status == 101 {
		return ErrInvalidHead
	}
	var b block
	b.field(":status", strconv.Itoa(r.Status))
	// An answer without content says 0 (RFC 9110 section 8.6), unless it cannot have any.
	if r.Status >= 200 && r.Status != 204 && (r.Length > 0 || r.Length == 0 && !r.NoBody) {
		b.field("content-length", strconv.FormatInt(r.Length, 10))
	}
	return s.writeBlock(&b, &r.Header)
}

// writeBlock queues a field section with the lines of h.
func (s *Stream) writeBlock(b *block, h *wire.Header) error {
	if !b.header(h) {
		return ErrInvalidHead
	}
	s.out = append(appendFrame(s.out, frameHeaders, b.buf.Len()), b.buf.Bytes()...)
	return nil
}

// block is a field section that is being made. It names the static table alone.
type block struct {
	buf bytes.Buffer
	enc *qpack.Encoder
}

func (b *block) field(name, value string) {
	if b.enc == nil {
		b.enc = qpack.NewEncoder(&b.buf)
	}
	_ = b.enc.WriteField(qpack.HeaderField{Name: name, Value: value}) // A buffer takes all.
}

// header adds the lines of a header or trailer section; false means that one must not be written.
func (b *block) header(h *wire.Header) bool {
	fields := h.Fields()
	for i := range fields {
		f := &fields[i]
		if section.OfConnection(f.Known) {
			continue
		}
		value := section.Trim(f.Value)
		if !wire.IsToken(f.Name) || !wire.IsFieldValue(value) {
			return false
		}
		b.field(strings.ToLower(string(f.Name)), string(value))
	}
	return true
}

// Room returns how much of a body can be sent at once: QUIC does not say, so any amount.
func (s *Stream) Room() int { return math.MaxInt }

// WriteBody writes a part of the body. Small parts wait for what follows. Bytes
// of a body that the response cannot have are dropped. More than Length are ErrTooLong.
func (s *Stream) WriteBody(p []byte) error {
	if s.drop || len(p) == 0 {
		return nil
	}
	if s.left >= 0 {
		if int64(len(p)) > s.left {
			return ErrTooLong
		}
		s.left -= int64(len(p))
	}
	if len(s.small)+len(p) <= smallBody {
		s.small = append(s.small, p...)
		return nil
	}
	s.queueData(len(p))
	if err := s.send(); err != nil {
		return err
	}
	return s.write(p)
}

// queueData puts what of the body waits into a DATA frame, which more bytes are to complete.
func (s *Stream) queueData(more int) {
	if size := len(s.small) + more; size > 0 {
		s.out = append(appendFrame(s.out, frameData, size), s.small...)
		s.small = s.small[:0]
	}
}

// send writes the frames that wait.
func (s *Stream) send() error {
	if len(s.out) == 0 {
		return nil
	}
	err := s.write(s.out)
	s.out = s.out[:0]
	return err
}

func (s *Stream) write(p []byte) error {
	if _, err := s.qs.Write(p); err != nil {
		return ofStream(err)
	}
	return nil
}

// Flush sends what waits.
func (s *Stream) Flush() error {
	s.queueData(0)
	return s.send()
}

// Finish ends the response, with a trailer section if trailer has fields.
func (s *Stream) Finish(trailer *wire.Header) error {
	if !s.drop && s.left > 0 {
		return ErrTooShort
	}
	s.queueData(0)
	if trailer != nil && trailer.Len() > 0 && !s.drop {
		if err := s.writeBlock(&block{}, trailer); err != nil {
			return err
		}
	}
	if err := s.send(); err != nil {
		return err
	}
	s.end(func() {
		// RFC 9114 section 4.1: the end of the stream is that of the message. It fails only where
		// the stream was reset, which is then found elsewhere.
		_ = s.qs.Close()
		s.closed = true
	})
	return nil
}
