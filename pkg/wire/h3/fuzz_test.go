package h3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/internal/budget"
)

// fake is a stream of QUIC of which so many bytes come at once.
type fake struct {
	in   *bytes.Reader
	step int
}

func (f *fake) Read(p []byte) (int, error)       { return f.in.Read(p[:min(len(p), f.step)]) }
func (f *fake) Write(p []byte) (int, error)      { return len(p), nil }
func (f *fake) Close() error                     { return nil }
func (f *fake) Context() context.Context         { return context.Background() }
func (f *fake) CancelRead(quic.StreamErrorCode)  {}
func (f *fake) CancelWrite(quic.StreamErrorCode) {}
func (f *fake) SetReliableBoundary()             {}
func (f *fake) SetReadDeadline(time.Time) error  { return nil }
func (f *fake) SetWriteDeadline(time.Time) error { return nil }
func (f *fake) ReleaseStreamCredit()             {}

// outcome is what became of a stream.
type outcome struct {
	Head             string
	Body             string
	Trailer          string
	HeadErr, BodyErr string
	Refused          string
}

// run reads a request from a stream of which so many bytes come at once, into parts of so many.
func run(t *testing.T, raw []byte, step, part int) (o outcome) {
	t.Helper()
	opts := (&Options{MaxHeaderBytes: 2000, MaxFields: 20, MaxGlitches: 1 << 30, MaxResets: 1 << 30}).Complete()
	c := &Conn{opts: opts, resets: budget.New(opts.MaxResets, 1, time.Now()), glitches: budget.New(opts.MaxGlitches, 1, time.Now())}
	s := newStream(c, &fake{bytes.NewReader(raw), step})
	defer s.leave()
	if err := s.readHead(); err != nil {
		o.HeadErr = word(err)
		return o
	}
	var r wire.Request
	if refused := s.TakeRequest(&r); refused != nil {
		o.Refused = refused.Fault
		return o
	}
	check(t, &r)
	// Whether the end of the stream was seen with the head depends on how it came.
	length := r.Length
	if s.ended {
		length = wire.UnknownLength
	}
	o.Head = string(r.Method) + " " + string(r.Authority) + " " + string(r.Path) + "?" + string(r.Query) + lines(&r.Header)
	var body []byte
	buf := make([]byte, part)
	for {
		buffered := s.Buffered()
		n, err := s.read(buf)
		body = append(body, buf[:n]...)
		if err == nil && n < min(buffered, part) {
			t.Fatalf("%d bytes were read of %d that were there", n, buffered)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			o.BodyErr = word(err)
			return o // How much of a body comes before its error is up to the network.
		}
	}
	if length >= 0 && int64(len(body)) != length && len(r.Upgrade) == 0 {
		t.Fatalf("the body has %d bytes, %d were announced", len(body), length)
	}
	o.Body = string(body)
	if h := s.Trailer(); h != nil {
		o.Trailer = lines(h)
	}
	return o
}

func word(err error) string {
	var e *ConnError
	if errors.As(err, &e) {
		return e.Fault
	}
	return err.Error()
}

func lines(h *wire.Header) (all string) {
	for _, f := range h.Fields() {
		all += "\n" + string(f.Name) + ": " + string(f.Value)
	}
	return all
}

// check wants of a request what HTTP/1.1 relies on.
func check(t *testing.T, r *wire.Request) {
	t.Helper()
	if !wire.IsToken(r.Method) || !wire.IsAuthority(r.Authority) {
		t.Fatalf("the request is %q for %q", r.Method, r.Authority)
	}
	if string(r.Method) != "CONNECT" && string(r.Path) != "*" && (!wire.IsPath(r.Path) || !wire.IsQuery(r.Query)) {
		t.Fatalf("the path is %q, the query %q", r.Path, r.Query)
	}
	for _, f := range r.Header.Fields() {
		if !wire.IsToken(f.Name) || !wire.IsFieldValue(f.Value) || bytes.ContainsAny(f.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			t.Fatalf("a field is %q: %q", f.Name, f.Value)
		}
		switch f.Known {
		case wire.Connection, wire.TransferEncoding, wire.ContentLength, wire.Upgrade, wire.KeepAlive, wire.Host:
			t.Fatalf("the field %q was let through", f.Name)
		}
	}
}

func headSection(pairs ...string) []byte {
	var b bytes.Buffer
	enc := qpack.NewEncoder(&b)
	for i := 0; i < len(pairs); i += 2 {
		enc.WriteField(qpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return append(appendFrame(nil, frameHeaders, b.Len()), b.Bytes()...)
}

// FuzzRequest reads a stream as it may come: as a whole, by bytes, and in between. What it means
// must not depend on that.
func FuzzRequest(f *testing.F) {
	get := headSection(":method", "GET", ":scheme", "https", ":authority", "h", ":path", "/a?b", "cookie", "a", "cookie", "b")
	post := headSection(":method", "POST", ":scheme", "https", ":authority", "h", ":path", "/", "content-length", "3", "x", "y")
	connect := headSection(":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", "h", ":path", "/")
	data := append(appendFrame(nil, frameData, 3), "abc"...)
	for _, seed := range [][]byte{
		get, append(post, data...), append(append(post, data...), headSection("x-sum", "1")...), append(connect, data...),
		append(appendFrame(nil, 0x21, 1), append([]byte("x"), get...)...), headSection("x", "y"), {1, 0}, {0, 0}, {0x40}, {4, 0},
		headSection(":method", "GET", ":scheme", "https", ":authority", "h", ":path", "/", "x", string(bytes.Repeat([]byte("a"), 3000))),
	} {
		f.Add(seed, uint8(3), uint8(2))
	}
	f.Fuzz(func(t *testing.T, raw []byte, step, part uint8) {
		whole := run(t, raw, 1<<20, 1<<16)
		if diff := cmp.Diff(whole, run(t, raw, 1, 1<<16)); diff != "" {
			t.Errorf("as a whole (-) and by bytes (+):\n%s", diff)
		}
		if diff := cmp.Diff(whole, run(t, raw, int(step)+1, int(part)+1)); diff != "" {
			t.Errorf("as a whole (-) and in parts (+):\n%s", diff)
		}
	})
}

// FuzzControl reads what only a client writes.
func FuzzControl(f *testing.F) {
	f.Add([]byte{4, 2, 6, 1, 7, 1, 0, 0xd, 1, 3}, uint8(0))
	f.Add([]byte{0x20, 0x20}, uint8(1))
	f.Add([]byte{0x7f, 0x80, 1}, uint8(2))
	f.Fuzz(func(t *testing.T, raw []byte, kind uint8) {
		opts := (&Options{}).Complete()
		c := &Conn{opts: opts, glitches: budget.New(opts.MaxGlitches, 1, time.Now())}
		r := quicvarint.NewReader(bytes.NewReader(raw))
		var err error
		switch kind % 3 {
		case 0:
			err = c.readControl(r)
		case 1:
			err = readEncoder(r)
		default:
			err = c.readDecoder(r)
		}
		if err == nil {
			t.Fatal("it ended without an error")
		}
	})
}
