package h3_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h3"
)

// client speaks frames with a connection under test.
type client struct {
	t    *testing.T
	conn *quic.Conn
	// served gets what Serve returned.
	served chan error
}

// dial serves one connection with handle and returns the client's end of it.
func dial(t *testing.T, o h3.Options, handle func(*h3.Stream)) *client {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := h3.Listen(pc, &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{h3.Protocol}, Certificates: []tls.Certificate{pair(t)}}, &o)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, served: make(chan error, 1)}
	go func() {
		conn, err := ln.Accept(t.Context())
		if err == nil {
			err = conn.Serve(handle)
		}
		c.served <- err
	}()
	c.conn, err = quic.DialAddr(t.Context(), pc.LocalAddr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{h3.Protocol}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.conn.CloseWithError(0x100, "")
		c.end()
		if err := ln.Release(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// end waits for Serve and returns what it has returned.
func (c *client) end() error {
	err := <-c.served
	c.served <- err
	return err
}

func pair(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// frame makes a frame.
func frame(kind uint64, payload []byte) []byte {
	b := quicvarint.Append(quicvarint.Append(nil, kind), uint64(len(payload)))
	return append(b, payload...)
}

// headers makes a HEADERS frame of lines "name: value".
func headers(lines ...string) []byte {
	var b bytes.Buffer
	enc := qpack.NewEncoder(&b)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		enc.WriteField(qpack.HeaderField{Name: name, Value: value})
	}
	return frame(0x1, b.Bytes())
}

// get is the beginning of a request.
var get = []string{":method: GET", ":scheme: https", ":authority: h", ":path: /"}

var post = []string{":method: POST", ":scheme: https", ":authority: h", ":path: /"}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// echo answers with the body and trailers of the request, and refusals with their status.
func echo(s *h3.Stream) {
	var req wire.Request
	if refused := s.TakeRequest(&req); refused != nil {
		s.WriteHead(&wire.Response{Status: refused.Status, Length: 0})
		s.Finish(nil)
		return
	}
	body, err := io.ReadAll(s)
	if err != nil {
		s.Reset(h3.InternalError)
		return
	}
	s.WriteHead(&wire.Response{Status: 200, Length: int64(len(body))})
	s.WriteBody(body)
	s.Finish(s.Trailer())
}

// request sends bytes on a new stream and returns what the server answers.
func (c *client) request(raw []byte, fin bool) ([]byte, error) {
	c.t.Helper()
	s, err := c.conn.OpenStreamSync(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	s.Write(raw) // Whether it is taken is seen by the answer.
	if fin {
		s.Close()
	}
	s.SetReadDeadline(time.Now().Add(time.Minute)) // So that a test that fails says so.
	return io.ReadAll(s)
}

// fields decodes a field section.
func fields(t *testing.T, block []byte) (lines []string) {
	t.Helper()
	next := qpack.NewDecoder().Decode(block)
	for {
		f, err := next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, f.Name+": "+f.Value)
	}
}

// parse takes an answer apart.
func parse(t *testing.T, raw []byte) (lines []string) {
	t.Helper()
	for len(raw) > 0 {
		kind, n, err := quicvarint.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		size, m, err := quicvarint.Parse(raw[n:])
		if err != nil {
			t.Fatal(err)
		}
		payload := raw[n+m:][:size]
		raw = raw[n+m:][size:]
		if kind == 0x1 {
			lines = append(lines, fields(t, payload)...)
		} else {
			lines = append(lines, string(payload))
		}
	}
	return lines
}

func TestRequestsAreServed(t *testing.T) {
	grease := frame(0x21, []byte("ignored"))
	for name, test := range map[string]struct {
		raw  []byte
		want []string
	}{
		"no body":                         {headers(get...), []string{":status: 200", "content-length: 0"}},
		"a body in parts":                 {join(headers(post...), frame(0, []byte("ab")), frame(0, nil), frame(0, []byte("c"))), []string{":status: 200", "content-length: 3", "abc"}},
		"an announced body":               {join(headers(append(post, "content-length: 2")...), frame(0, []byte("ab"))), []string{":status: 200", "content-length: 2", "ab"}},
		"trailers":                        {join(headers(post...), frame(0, []byte("ab")), headers("x-sum: 1")), []string{":status: 200", "content-length: 2", "ab", "x-sum: 1"}},
		"trailers without a body":         {join(headers(post...), headers("x-sum: 1")), []string{":status: 200", "content-length: 0", "x-sum: 1"}},
		"frames that are not known":       {join(grease, headers(post...), grease, frame(0, []byte("ab")), grease), []string{":status: 200", "content-length: 2", "ab"}},
		"a head that is too large":        {headers(append(get, "x: "+strings.Repeat("a", 70000))...), []string{":status: 431", "content-length: 0"}},
		"a head that would be too large":  {headers(append(get, "x: "+strings.Repeat("a", 40000), "y: "+strings.Repeat("a", 30000))...), []string{":status: 431", "content-length: 0"}},
		"a target that is too long":       {headers(":method: GET", ":scheme: https", ":authority: h", ":path: /"+strings.Repeat("a", 20000)), []string{":status: 414", "content-length: 0"}},
		"a path that HTTP/1.1 would read": {headers(":method: GET", ":scheme: https", ":authority: h", ":path: / HTTP/1.1"), []string{":status: 400", "content-length: 0"}},
		"hosts that differ":               {headers(append(get, "host: other")...), []string{":status: 400", "content-length: 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, h3.Options{}, echo)
			raw, err := c.request(test.raw, true)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, parse(t, raw)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStreamsThatBreakARule(t *testing.T) {
	for name, test := range map[string]struct {
		raw []byte
		// stream is the code of the reset, conn that of the connection's end.
		stream, conn h3.Code
	}{
		"no head":                         {raw: nil, stream: h3.RequestIncomplete},
		"a name in capitals":              {raw: headers(append(get, "X-A: 1")...), stream: h3.MessageError},
		"a line break in a value":         {raw: headers(append(get, "x: a\r\ny: b")...), stream: h3.MessageError},
		"a space in front of a value":     {raw: headers(append(get, "x:  a")...), stream: h3.MessageError},
		"a connection field":              {raw: headers(append(get, "connection: close")...), stream: h3.MessageError},
		"a transfer coding":               {raw: headers(append(post, "transfer-encoding: chunked")...), stream: h3.MessageError},
		"no method":                       {raw: headers(get[1:]...), stream: h3.MessageError},
		"no path":                         {raw: headers(get[:3]...), stream: h3.MessageError},
		"a pseudo-field twice":            {raw: headers(append(get, ":path: /b")...), stream: h3.MessageError},
		"a pseudo-field behind a field":   {raw: headers(":method: GET", ":scheme: https", "x: 1", ":authority: h", ":path: /"), stream: h3.MessageError},
		"a status":                        {raw: headers(append(get, ":status: 200")...), stream: h3.MessageError},
		"two lengths":                     {raw: join(headers(append(post, "content-length: 1", "content-length: 1")...), frame(0, []byte("a"))), stream: h3.MessageError},
		"a length of no body":             {raw: headers(append(get, "content-length: 1")...), stream: h3.MessageError},
		"a body that is too short":        {raw: join(headers(append(post, "content-length: 3")...), frame(0, []byte("ab"))), stream: h3.MessageError},
		"a body that is too long":         {raw: join(headers(append(post, "content-length: 3")...), frame(0, []byte("ab")), frame(0, []byte("cd"))), stream: h3.MessageError},
		"a pseudo-field in a trailer":     {raw: join(headers(post...), headers(":path: /")), stream: h3.MessageError},
		"a connection field in a trailer": {raw: join(headers(post...), headers("upgrade: x")), stream: h3.MessageError},

		"a body in front of the head":  {raw: frame(0, []byte("a")), conn: h3.FrameUnexpected},
		"settings":                     {raw: frame(4, nil), conn: h3.FrameUnexpected},
		"settings behind the head":     {raw: join(headers(post...), frame(4, nil)), conn: h3.FrameUnexpected},
		"a push promise":               {raw: join(headers(post...), frame(5, []byte{0})), conn: h3.FrameUnexpected},
		"a frame of HTTP/2":            {raw: join(headers(post...), frame(2, nil)), conn: h3.FrameUnexpected},
		"a body behind the trailer":    {raw: join(headers(post...), headers("x: 1"), frame(0, []byte("a"))), conn: h3.FrameUnexpected},
		"two trailers":                 {raw: join(headers(post...), headers("x: 1"), headers("x: 1")), conn: h3.FrameUnexpected},
		"half of a head":               {raw: headers(get...)[:9], conn: h3.FrameError},
		"half of a frame's head":       {raw: join(headers(post...), []byte{0x40}), conn: h3.FrameError},
		"half of a body":               {raw: join(headers(post...), frame(0, []byte("abc"))[:4]), conn: h3.FrameError},
		"half of an unknown frame":     {raw: join(headers(post...), frame(0x21, []byte("abc"))[:4]), conn: h3.FrameError},
		"a name of the dynamic table":  {raw: frame(1, []byte{0, 0, 0x80}), conn: h3.DecompressionFailed},
		"a section that needs inserts": {raw: frame(1, []byte{1, 0, 0xc0}), conn: h3.DecompressionFailed},
		"a broken string":              {raw: frame(1, []byte{0, 0, 0x27, 0xff}), conn: h3.DecompressionFailed},
		"no section":                   {raw: frame(1, nil), conn: h3.DecompressionFailed},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, h3.Options{}, echo)
			raw, err := c.request(test.raw, true)
			var reset *quic.StreamError
			var ended *quic.ApplicationError
			switch {
			case test.conn != 0:
				if !errors.As(err, &ended) || ended.ErrorCode != quic.ApplicationErrorCode(test.conn) {
					t.Errorf("got %q and %v", raw, err)
				}
				var why *h3.ConnError
				if err := c.end(); !errors.As(err, &why) || why.Code != test.conn {
					t.Errorf("Serve returned %v", err)
				}
			case !errors.As(err, &reset) || !reset.Remote || reset.ErrorCode != quic.StreamErrorCode(test.stream):
				t.Errorf("got %q and %v", raw, err)
			default:
				// Other requests are not harmed.
				if raw, err := c.request(headers(get...), true); err != nil || parse(t, raw)[0] != ":status: 200" {
					t.Errorf("then: %q and %v", raw, err)
				}
			}
		})
	}
}

func TestControlStreams(t *testing.T) {
	settings := frame(4, nil)
	for name, test := range map[string]struct {
		// streams are opened one after the other; open leaves them so.
		streams [][]byte
		open    bool
		want    h3.Code
	}{
		"all that is right":    {streams: [][]byte{join([]byte{0}, frame(4, []byte{0x21, 1, 6, 1}), frame(0x21, []byte("x")), frame(0xd, []byte{1}), frame(0xd, []byte{2}), frame(7, []byte{0})), {2, 0x20}, {3, 0x41, 0x7f, 0x80, 0x01}, {0x21, 1, 2, 3}}, open: true},
		"no settings first":    {streams: [][]byte{join([]byte{0}, frame(7, []byte{0}))}, open: true, want: h3.MissingSettings},
		"two settings":         {streams: [][]byte{join([]byte{0}, settings, settings)}, open: true, want: h3.FrameUnexpected},
		"a setting twice":      {streams: [][]byte{join([]byte{0}, frame(4, []byte{6, 1, 6, 1}))}, open: true, want: h3.SettingsError},
		"one of HTTP/2":        {streams: [][]byte{join([]byte{0}, frame(4, []byte{2, 1}))}, open: true, want: h3.SettingsError},
		"half of a setting":    {streams: [][]byte{join([]byte{0}, frame(4, []byte{6}))}, open: true, want: h3.FrameError},
		"a body":               {streams: [][]byte{join([]byte{0}, settings, frame(0, []byte("x")))}, open: true, want: h3.FrameUnexpected},
		"a frame of HTTP/2":    {streams: [][]byte{join([]byte{0}, settings, frame(8, nil))}, open: true, want: h3.FrameUnexpected},
		"a long identifier":    {streams: [][]byte{join([]byte{0}, settings, frame(7, []byte{0, 0}))}, open: true, want: h3.FrameError},
		"fewer pushes":         {streams: [][]byte{join([]byte{0}, settings, frame(0xd, []byte{2}), frame(0xd, []byte{1}))}, open: true, want: h3.IDError},
		"no such push":         {streams: [][]byte{join([]byte{0}, settings, frame(3, []byte{0}))}, open: true, want: h3.IDError},
		"a second one":         {streams: [][]byte{join([]byte{0}, settings), join([]byte{0}, settings)}, open: true, want: h3.StreamCreationError},
		"one that ends":        {streams: [][]byte{join([]byte{0}, settings)}, want: h3.ClosedCriticalStream},
		"an encoder that ends": {streams: [][]byte{{2}}, want: h3.ClosedCriticalStream},
		"a push":               {streams: [][]byte{{1, 0}}, open: true, want: h3.StreamCreationError},
		"an insert":            {streams: [][]byte{{2, 0xc1, 0}}, open: true, want: h3.EncoderStreamError},
		"a capacity":           {streams: [][]byte{{2, 0x21}}, open: true, want: h3.EncoderStreamError},
		"an increment":         {streams: [][]byte{{3, 0x01}}, open: true, want: h3.DecoderStreamError},
		"an acknowledgment":    {streams: [][]byte{{3, 0x80}}, open: true, want: h3.DecoderStreamError},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, h3.Options{}, echo)
			for _, raw := range test.streams {
				s, err := c.conn.OpenUniStreamSync(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				s.Write(raw)
				if !test.open {
					s.Close()
				}
			}
			if test.want == 0 {
				if raw, err := c.request(headers(get...), true); err != nil || parse(t, raw)[0] != ":status: 200" {
					t.Errorf("got %q and %v", raw, err)
				}
				return
			}
			<-c.conn.Context().Done()
			var why *h3.ConnError
			if err := c.end(); !errors.As(err, &why) || why.Code != test.want {
				t.Errorf("Serve returned %v", err)
			}
		})
	}
}

func TestStreamsThatLeadNowhereEndTheConnection(t *testing.T) {
	for name, raw := range map[string][]byte{
		"resets":          headers(get...),
		"malformed heads": headers("x: 1"),
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, h3.Options{MaxResets: 20}, echo)
			for c.conn.Context().Err() == nil {
				s, err := c.conn.OpenStreamSync(t.Context())
				if err != nil {
					break
				}
				s.Write(raw)
				s.CancelRead(quic.StreamErrorCode(h3.RequestCancelled))
				s.CancelWrite(quic.StreamErrorCode(h3.RequestCancelled))
			}
			var why *h3.ConnError
			if err := c.end(); !errors.As(err, &why) || why.Fault != "too-many-resets" {
				t.Errorf("Serve returned %v", err)
			}
		})
	}
	t.Run("empty frames", func(t *testing.T) {
		c := dial(t, h3.Options{MaxGlitches: 50, GlitchesPerSecond: 1}, echo)
		_, err := c.request(join(headers(post...), bytes.Repeat(frame(0, nil), 1000)), false)
		var ended *quic.ApplicationError
		if !errors.As(err, &ended) || ended.ErrorCode != quic.ApplicationErrorCode(h3.ExcessiveLoad) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDrainServesWhatWasSent(t *testing.T) {
	release, conns := make(chan struct{}), make(chan *h3.Conn, 10)
	c := dial(t, h3.Options{DrainTimeout: 50 * time.Millisecond, CloseTimeout: time.Hour}, func(s *h3.Stream) {
		conns <- s.Conn()
		<-release
		echo(s)
	})
	control, err := c.conn.AcceptUniStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan error, 1)
	go func() {
		raw, err := c.request(headers(get...), true)
		if err == nil && parse(t, raw)[0] != ":status: 200" {
			err = errors.New("another status")
		}
		answers <- err
	}()
	conn := <-conns
	conn.Drain()
	conn.Drain()
	r := quicvarint.NewReader(control)
	var goAways []uint64
	if kind, _ := quicvarint.Read(r); kind != 0 {
		t.Fatalf("the server opened a stream of type %d", kind)
	}
	for len(goAways) < 2 {
		kind, _ := quicvarint.Read(r)
		size, err := quicvarint.Read(r)
		if err != nil {
			t.Fatal(err)
		}
		if kind != 7 {
			io.CopyN(io.Discard, r, int64(size))
			continue
		}
		id, _ := quicvarint.Read(r)
		goAways = append(goAways, id)
	}
	if diff := cmp.Diff([]uint64{1<<62 - 4, 4}, goAways); diff != "" {
		t.Error(diff)
	}
	// What comes now is told that nothing was done.
	var reset *quic.StreamError
	if _, err := c.request(headers(get...), true); !errors.As(err, &reset) || reset.ErrorCode != quic.StreamErrorCode(h3.RequestRejected) {
		t.Errorf("a late request got %v", err)
	}
	close(release)
	if err := <-answers; err != nil {
		t.Errorf("the early request got %v", err)
	}
	c.conn.CloseWithError(0x100, "") // As a client does that has all it asked for.
	if err := c.end(); err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func TestConnectionsEndWhenNothingIsAskedOfThem(t *testing.T) {
	c := dial(t, h3.Options{IdleTimeout: 30 * time.Millisecond, DrainTimeout: time.Millisecond, CloseTimeout: time.Millisecond}, echo)
	if err := c.end(); err != nil {
		t.Errorf("Serve returned %v", err)
	}
}
