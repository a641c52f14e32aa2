package h1

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// script is a net.Conn whose reads return the pieces given, then io.EOF, and
// that keeps what is written.
type script struct {
	in  [][]byte
	out bytes.Buffer
}

func newScript(pieces ...string) *script {
	s := &script{}
	for _, p := range pieces {
		if p != "" {
			s.in = append(s.in, []byte(p))
		}
	}
	return s
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.in[0])
	if s.in[0] = s.in[0][n:]; len(s.in[0]) == 0 {
		s.in = s.in[1:]
	}
	return n, nil
}

func (s *script) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return nil }
func (s *script) RemoteAddr() net.Addr             { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// tcpPair returns both ends of a TCP connection on loopback.
func tcpPair(t testing.TB) (client, server *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialed, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialed.Close(); accepted.Close() })
	return dialed.(*net.TCPConn), accepted.(*net.TCPConn)
}

// echo serves one connection: it answers each request with its own body.
func echo(nc net.Conn) error {
	c := NewConn(nc, nil)
	defer c.Release()
	defer nc.Close()
	var req wire.Request
	for {
		if err := c.ReadRequest(&req); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		resp := wire.Response{Status: 200, Length: req.Length, Close: req.Close}
		resp.Header.Add("X-Path", req.Path)
		if req.ExpectContinue {
			if err := c.WriteResponse(&wire.Response{Status: 100}); err != nil {
				return err
			}
		}
		if err := c.WriteResponse(&resp); err != nil {
			return err
		}
		if _, readErr, writeErr := CopyBody(c, c, nil); readErr != nil || writeErr != nil {
			return io.ErrUnexpectedEOF
		}
		if err := c.FinishBody(c.Body().Trailer()); err != nil {
			return err
		}
		if err := c.Flush(); err != nil || !c.Reusable() {
			return err
		}
	}
}

func TestServerHalfSpeaksWithNetHTTP(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	defer certified.Close()
	for scheme, config := range map[string]*tls.Config{"http": nil, "https": certified.TLS} {
		t.Run(scheme, func(t *testing.T) { speakWithNetHTTP(t, scheme, config) })
	}
}

func speakWithNetHTTP(t *testing.T, scheme string, config *tls.Config) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if config != nil {
		config = config.Clone()
		config.NextProtos = nil
		ln = tls.NewListener(ln, config)
	}
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go echo(nc)
		}
	}()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	for _, size := range []int{0, 1, 100, 16 << 10, 100 << 10, 3 << 20} {
		for name, chunked := range map[string]bool{"chunked": true, "with a length": false} {
			body := strings.Repeat("x", size)
			var r io.Reader = strings.NewReader(body)
			if chunked {
				r = io.MultiReader(r) // Hides the length.
			}
			req, err := http.NewRequest("POST", scheme+"://"+ln.Addr().String()+"/a/b?c", r)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatalf("%d bytes %s: %v", size, name, err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || string(got) != body || resp.Header.Get("X-Path") != "/a/b" {
				t.Errorf("%d bytes %s: got %d bytes, path %q, %v", size, name, len(got), resp.Header.Get("X-Path"), err)
			}
		}
	}
}

func TestClientHalfSpeaksWithNetHTTP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
		w.Header().Set("X-Sum", "1")
	})}
	go srv.Serve(ln)
	defer srv.Close()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	c := NewConn(nc, nil)
	defer c.Release()
	for _, size := range []int{0, 1, 100, 16 << 10, 100 << 10, 3 << 20} {
		for _, length := range []int64{int64(size), wire.UnknownLength} {
			body := bytes.Repeat([]byte("y"), size)
			req := wire.Request{Method: []byte("POST"), Authority: []byte("a.example"), Path: []byte("/"), Length: length}
			if err := c.WriteRequest(&req); err != nil {
				t.Fatal(err)
			}
			wrote := make(chan error, 1)
			go func() {
				if err := c.WriteBody(body); err != nil {
					wrote <- err
					return
				}
				if err := c.FinishBody(nil); err != nil {
					wrote <- err
					return
				}
				wrote <- c.Flush()
			}()
			var resp wire.Response
			if err := c.ReadResponse(&resp, req.Method); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c.Body())
			if err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes, length %d: got %d bytes, %v", size, length, len(got), err)
			}
			if err := <-wrote; err != nil {
				t.Fatal(err)
			}
			if sum := c.Body().Trailer(); sum == nil || string(sum.Get("X-Sum")) != "1" {
				t.Errorf("%d bytes: trailer is missing", size)
			}
			if !c.Reusable() || !c.Alive() {
				t.Errorf("%d bytes: reusable %v, alive %v", size, c.Reusable(), c.Alive())
			}
		}
	}
}
