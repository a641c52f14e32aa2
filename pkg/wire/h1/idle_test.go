package h1

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

func TestWaitingHoldsNoBuffer(t *testing.T) {
	client, server := tcpPair(t)
	c := NewConn(server, nil)
	var req wire.Request
	for range 3 {
		// The peer writes only once the reader waits, or before; both must work.
		go io.WriteString(client, get(""))
		if err := c.WaitReadable(); err != nil {
			t.Fatal(err)
		}
		if err := c.ReadRequest(&req); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.WriteResponse(&wire.Response{Status: 200}), c.FinishBody(nil), c.Flush()); err != nil {
			t.Fatal(err)
		}
		if err := server.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitReadable(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("behind its deadline: %v", err)
		}
		if c.in.buf != nil || c.in.head != nil || c.out.buf != nil {
			t.Fatal("an idle connection holds a buffer")
		}
		if err := server.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	client.CloseWrite()
	if err := c.WaitReadable(); !errors.Is(err, io.EOF) {
		t.Errorf("closed: %v", err)
	}
	if err := c.ReadRequest(&req); !errors.Is(err, io.EOF) {
		t.Errorf("closed: %v", err)
	}
}

func TestWaitsOnConnectionsThatAreNoSockets(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	go func() {
		io.WriteString(client, get("X: y\r\n"))
		client.Close()
	}()
	c := NewConn(server, nil)
	defer c.Release()
	if err := c.WaitReadable(); err != nil {
		t.Fatal(err)
	}
	var req wire.Request
	if err := c.ReadRequest(&req); err != nil || string(req.Header.Get("X")) != "y" {
		t.Fatal(err)
	}
	if err := c.WaitReadable(); !errors.Is(err, io.EOF) {
		t.Errorf("closed: %v", err)
	}
}

func TestAliveNoticesWhatTheOtherSideDid(t *testing.T) {
	tests := map[string]struct {
		do   func(*net.TCPConn) error
		want bool
	}{
		"nothing":                     {func(*net.TCPConn) error { return nil }, true},
		"closed":                      {func(c *net.TCPConn) error { return c.Close() }, false},
		"closed its writing half":     {func(c *net.TCPConn) error { return c.CloseWrite() }, false},
		"reset":                       {func(c *net.TCPConn) error { return errors.Join(c.SetLinger(0), c.Close()) }, false},
		"sent a response nobody want": {func(c *net.TCPConn) error { _, err := io.WriteString(c, "HTTP/1.1 408 "); return err }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			peer, ours := tcpPair(t)
			c := NewConn(ours, nil)
			if err := tt.do(peer); err != nil {
				t.Fatal(err)
			}
			if !tt.want {
				// Loopback delivers at once or soon; an answer of true may only be early.
				for deadline := time.Now().Add(time.Minute); c.Alive() && time.Now().Before(deadline); {
				}
			}
			if got := c.Alive(); got != tt.want {
				t.Errorf("alive is %v", got)
			}
		})
	}
}

// TestAliveNoticesWhatTLSHasReadAlready sends more than the response, of which the socket shows nothing
// any more once the response was read.
func TestAliveNoticesWhatTLSHasReadAlready(t *testing.T) {
	for name, records := range map[string][]string{
		"in the same record": {answer + "HTTP/1.1 200 OK\r\n"},
		"in the next record": {answer, "HTTP/1.1 200 OK\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(nil) // For its certificate.
			srv.StartTLS()
			defer srv.Close()
			peer, ours := tcpPair(t)
			server, client := tls.Server(peer, srv.TLS), tls.Client(ours, &tls.Config{InsecureSkipVerify: true})
			written := make(chan error, 1)
			go func() {
				err := server.Handshake()
				for _, record := range records {
					_, failed := io.WriteString(server, record)
					err = errors.Join(err, failed)
				}
				written <- err
			}()
			if err := errors.Join(client.Handshake(), <-written); err != nil {
				t.Fatal(err)
			}
			c := NewConn(client, nil)
			defer c.Release()
			var resp wire.Response
			if err := c.ReadResponse(&resp, []byte("GET")); err != nil {
				t.Fatal(err)
			}
			// What is left may be in the codec's buffer, or in that of TLS.
			if c.DrainBody(10) && c.Reusable() && c.Alive() {
				t.Error("the connection is taken for a silent one")
			}
		})
	}
}

// counted counts writes; being no *net.TCPConn, it gets copies instead of writev.
type counted struct {
	net.Conn
	writes int
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes++
	return c.Conn.Write(p)
}

func TestASmallResponseIsOneWrite(t *testing.T) {
	sink := &counted{Conn: newScript(get(""))}
	c := NewConn(sink, nil)
	defer c.Release()
	src := NewConn(newScript(answer), nil)
	defer src.Release()
	var req wire.Request
	var resp wire.Response
	if err := errors.Join(c.ReadRequest(&req), src.ReadResponse(&resp, req.Method), c.WriteResponse(&resp)); err != nil {
		t.Fatal(err)
	}
	if _, readErr, writeErr := CopyBody(c, src, nil); readErr != nil || writeErr != nil {
		t.Fatal(readErr, writeErr)
	}
	if err := errors.Join(c.FinishBody(nil), c.Flush()); err != nil {
		t.Fatal(err)
	}
	if sink.writes != 1 {
		t.Errorf("%d writes", sink.writes)
	}
}

// Bodies of all framings and sizes around those of the buffers arrive as they were sent.
func TestCopiesBodiesOfAllSizes(t *testing.T) {
	for _, from := range []int64{0, wire.UnknownLength} {
		for _, size := range []int{1, 100, bufferSize - 200, bufferSize, bufferSize + 1, 64 << 10, 200 << 10, 3<<20 + 7} {
			content := make([]byte, size)
			rand.Read(content)
			// endpoint → proxy → client, all on TCP, so that the kernel may copy.
			endpointNC, upNC := tcpPair(t)
			downNC, clientNC := tcpPair(t)
			endpoint, up, down, client := NewConn(endpointNC, nil), NewConn(upNC, nil), NewConn(downNC, nil), NewConn(clientNC, nil)
			sent := make(chan error, 1)
			go func() {
				resp := wire.Response{Status: 200, Length: from}
				if from == 0 {
					resp.Length = int64(size)
				}
				sent <- errors.Join(endpoint.WriteResponse(&resp), endpoint.WriteBody(content), endpoint.FinishBody(nil), endpoint.Flush())
			}()
			copied := make(chan error, 1)
			calls := 0
			go func() {
				var resp wire.Response
				if err := errors.Join(up.ReadResponse(&resp, nil), down.WriteResponse(&resp)); err != nil {
					copied <- err
					return
				}
				n, readErr, writeErr := CopyBody(down, up, func() { calls++ })
				if n != int64(size) {
					readErr = errors.Join(readErr, io.ErrShortWrite)
				}
				copied <- errors.Join(readErr, writeErr, down.FinishBody(nil), down.Flush())
			}()
			var resp wire.Response
			if err := client.ReadResponse(&resp, nil); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(client.Body())
			if err := errors.Join(err, <-sent, <-copied); err != nil {
				t.Errorf("%d bytes from %d: %v", size, from, err)
			}
			if !bytes.Equal(got, content) {
				t.Errorf("%d bytes from %d: %d bytes arrived, or others", size, from, len(got))
			}
			if !client.Reusable() || calls == 0 && size > bufferSize {
				t.Errorf("%d bytes from %d: reusable %v, %d calls of before", size, from, client.Reusable(), calls)
			}
			for _, c := range []*Conn{endpoint, up, down, client} {
				c.Release()
			}
		}
	}
}

func TestACopySaysWhichSideFailed(t *testing.T) {
	for name, size := range map[string]string{"small": "10", "large": "10000000"} {
		peer, upNC := tcpPair(t)
		downNC, client := tcpPair(t)
		up, down := NewConn(upNC, nil), NewConn(downNC, nil)
		io.WriteString(peer, "HTTP/1.1 200 OK\r\nContent-Length: "+size+"\r\n\r\nhell")
		var resp wire.Response
		if err := errors.Join(up.ReadResponse(&resp, nil), down.WriteResponse(&resp)); err != nil {
			t.Fatal(err)
		}
		peer.Close()
		_, readErr, writeErr := CopyBody(down, up, nil)
		if !errors.Is(readErr, io.ErrUnexpectedEOF) || writeErr != nil {
			t.Errorf("%s: the source ended early: %v, %v", name, readErr, writeErr)
		}
		if up.Reusable() || !errors.Is(down.FinishBody(nil), ErrTooShort) {
			t.Errorf("%s: a body that broke off counts as complete", name)
		}
		client.Close()
	}
}

// Requests sent ahead of their answers are read one by one, whatever their sizes.
func TestReadsRequestsThatWereSentTogether(t *testing.T) {
	var raw strings.Builder
	var want []string
	for i := range 200 {
		content := strings.Repeat("x", i*7%300)
		if i%3 == 0 {
			raw.WriteString(get("X: " + strings.Repeat("v", i*31%2000) + "\r\n"))
			want = append(want, "")
			continue
		}
		if i%3 == 1 {
			raw.WriteString(post("Content-Length: "+string(appendDecimal(nil, len(content)))+"\r\n", content))
		} else {
			chunk := ""
			if len(content) > 0 {
				chunk = string(appendHex(nil, len(content))) + content + "\r\n"
			}
			raw.WriteString(chunked(chunk + "0\r\nX: y\r\n\r\n"))
		}
		want = append(want, content)
	}
	for _, size := range []int{1, 7, 1000, 1 << 20} {
		var cuts []string
		for s := raw.String(); len(s) > 0; {
			n := min(size, len(s))
			cuts = append(cuts, s[:n])
			s = s[n:]
		}
		c := NewConn(newScript(cuts...), nil)
		var req wire.Request
		for i, content := range want {
			if err := c.ReadRequest(&req); err != nil {
				t.Fatalf("pieces of %d, request %d: %v", size, i, err)
			}
			if i%2 == 0 && len(content) > 10 {
				if !c.DrainBody(int64(len(content)) + 1) {
					t.Fatalf("pieces of %d, request %d: not drained", size, i)
				}
				continue
			}
			got, err := io.ReadAll(c.Body())
			if err != nil || string(got) != content {
				t.Fatalf("pieces of %d, request %d: %d bytes, want %d, %v", size, i, len(got), len(content), err)
			}
		}
		if err := c.ReadRequest(&req); !errors.Is(err, io.EOF) {
			t.Errorf("behind the last: %v", err)
		}
		c.Release()
	}
}

func appendDecimal(b []byte, n int) []byte {
	if n >= 10 {
		b = appendDecimal(b, n/10)
	}
	return append(b, byte('0'+n%10))
}

func TestAHeadStaysWhileItsBodyIsRead(t *testing.T) {
	value := strings.Repeat("v", bufferSize-1000) // So that the body needs another buffer.
	body := strings.Repeat("1000\r\n"+strings.Repeat("x", 4096)+"\r\n", 20) + "0\r\nX: y\r\n\r\n"
	c := NewConn(newScript(bytewise(post("X: "+value+"\r\nTransfer-Encoding: chunked\r\n", body))...), nil)
	defer c.Release()
	var req wire.Request
	if err := c.ReadRequest(&req); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, c.Body()); err != nil || n != 20*4096 {
		t.Fatal(n, err)
	}
	if string(req.Header.Get("X")) != value || string(req.Authority) != "a.example" || string(req.Method) != "POST" {
		t.Error("the head changed while the body was read")
	}
	if string(c.Body().Trailer().Get("X")) != "y" {
		t.Error("the trailer is missing")
	}
}

func TestTheNextHeadIsNotReadInsideABody(t *testing.T) {
	c := NewConn(newScript(post("Content-Length: 5\r\n", "hello"+get(""))), nil)
	defer c.Release()
	var req wire.Request
	if err := c.ReadRequest(&req); err != nil {
		t.Fatal(err)
	}
	if err := c.ReadRequest(&req); !errors.Is(err, ErrBodyPending) {
		t.Errorf("inside the body: %v", err)
	}
	if c.DrainBody(4) {
		t.Error("4 bytes drain 5")
	}
	if !c.DrainBody(1) {
		t.Error("the rest does not drain")
	}
	if err := c.ReadRequest(&req); err != nil {
		t.Error(err)
	}
}

func TestPeekConsumesNothing(t *testing.T) {
	c := NewConn(newScript("PR", "I * HTTP/2.0\r\n\r\nSM\r\n\r\n"), nil)
	defer c.Release()
	if b, err := c.Peek(4); err != nil || string(b) != "PRI " {
		t.Fatalf("%q, %v", b, err)
	}
	if got := string(c.Buffered()); got != "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" {
		t.Errorf("buffered %q", got)
	}
	if b, err := c.Peek(100); !errors.Is(err, io.EOF) || len(b) != 24 {
		t.Errorf("%q, %v", b, err)
	}
}

func TestALargeBodyGoesFromSocketToSocket(t *testing.T) {
	const size = 4 << 20
	endpoint, upNC := tcpPair(t)
	downNC, client := tcpPair(t)
	up, down := NewConn(upNC, nil), NewConn(downNC, nil)
	defer up.Release()
	defer down.Release()
	go io.Copy(endpoint, io.MultiReader(
		strings.NewReader("HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n"), bytes.NewReader(make([]byte, size))))
	received := make(chan int64, 1)
	go func() {
		n, _ := io.Copy(io.Discard, client)
		received <- n
	}()
	var resp wire.Response
	if err := errors.Join(up.ReadResponse(&resp, nil), down.WriteResponse(&resp), down.WriteBody(up.body.take()), down.Flush()); err != nil {
		t.Fatal(err)
	}
	head := int64(size) - up.body.left
	var moved int64
	for up.body.left >= spliceMin {
		n, readErr, writeErr := splice(down, up)
		if readErr != nil || writeErr != nil || n > splicePart {
			t.Fatalf("moved %d bytes, %v, %v", n, readErr, writeErr)
		}
		moved += n
	}
	if moved == 0 {
		t.Error("nothing was spliced")
	}
	n, readErr, writeErr := CopyBody(down, up, nil)
	if err := errors.Join(readErr, writeErr, down.FinishBody(nil), down.Flush(), downNC.CloseWrite()); err != nil {
		t.Fatal(err)
	}
	if head+moved+n != size || <-received < size || !up.BodyDone() {
		t.Errorf("%d + %d + %d bytes moved", head, moved, n)
	}
}

// A slow sender must be waited for anew with each part of what it sends.
func TestASlowLargeBodyRenewsDeadlines(t *testing.T) {
	const bursts, burst = 8, 100 << 10
	endpoint, upNC := tcpPair(t)
	downNC, client := tcpPair(t)
	up, down := NewConn(upNC, nil), NewConn(downNC, nil)
	defer up.Release()
	defer down.Release()
	arrived := make(chan struct{})
	go func() {
		fmt.Fprintf(endpoint, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", bursts*burst)
		for range bursts {
			endpoint.Write(make([]byte, burst))
			<-arrived
		}
	}()
	go func() {
		for range bursts {
			io.CopyN(io.Discard, client, burst)
			arrived <- struct{}{}
		}
	}()
	var resp wire.Response
	if err := up.ReadResponse(&resp, nil); err != nil {
		t.Fatal(err)
	}
	resp.Length = wire.UnknownLength // The client counts content alone.
	down.head10 = true
	if err := down.WriteResponse(&resp); err != nil {
		t.Fatal(err)
	}
	down.out.n = 0
	renewed := 0
	n, readErr, writeErr := CopyBody(down, up, func() { renewed++ })
	if n != bursts*burst || readErr != nil || writeErr != nil || renewed < bursts-1 {
		t.Errorf("%d bytes moved, %v, %v, deadlines renewed %d times", n, readErr, writeErr, renewed)
	}
}

// A TLS server sends session tickets on its own account; they must not look like
// a response that nobody asked for.
func TestAnIdleTLSConnectionIsAliveUntilItIsClosed(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hi") }))
	defer srv.Close()
	nc, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	c := NewConn(nc, nil)
	defer c.Release()
	for range 3 {
		req := wire.Request{Method: []byte("GET"), Authority: []byte("a"), Path: []byte("/")}
		var resp wire.Response
		if err := errors.Join(c.WriteRequest(&req), c.FinishBody(nil), c.Flush(), c.ReadResponse(&resp, req.Method)); err != nil {
			t.Fatal(err)
		}
		if !c.DrainBody(10) || !c.Reusable() || !c.Alive() {
			t.Fatalf("reusable %v, alive %v", c.Reusable(), c.Alive())
		}
	}
	srv.CloseClientConnections()
	for deadline := time.Now().Add(time.Minute); c.Alive() && time.Now().Before(deadline); {
	}
	if c.Alive() {
		t.Error("alive after the other side closed")
	}
}

// failing is a net.Conn whose writes fail once it has taken some.
type failing struct {
	script
	takes int
}

var errFailing = errors.New("no more")

func (f *failing) Write(p []byte) (int, error) {
	if f.takes == 0 {
		return 0, errFailing
	}
	f.takes--
	return len(p), nil
}

func TestAFailedWriteIsNotForgotten(t *testing.T) {
	large := make([]byte, 3*bufferSize)
	for _, length := range []int64{wire.UnknownLength, int64(len(large)) + 5} {
		for takes := range 10 {
			sink := &failing{script: *newScript(get("")), takes: takes}
			c := NewConn(sink, nil)
			var req wire.Request
			if err := c.ReadRequest(&req); err != nil {
				t.Fatal(err)
			}
			var failed error
			steps := []func() error{
				func() error { return c.WriteResponse(&wire.Response{Status: 200, Length: length}) },
				func() error { return c.WriteBody([]byte("hello")) },
				func() error { return c.WriteBody(large) },
				func() error { return c.FinishBody(nil) },
				c.Flush,
			}
			for i, step := range steps {
				err := step()
				if failed != nil && !errors.Is(err, errFailing) {
					t.Errorf("%d writes: step %d says %v after a write failed", takes, i, err)
				}
				failed = errors.Join(failed, err)
			}
			if c.Reusable() != (failed == nil) {
				t.Errorf("%d writes: reusable is %v, the error %v", takes, c.Reusable(), failed)
			}
			if takes == 0 && failed == nil || takes == 9 && failed != nil {
				t.Errorf("%d writes: %v", takes, failed)
			}
			c.Release()
		}
	}
}

func TestBodyBufferedTellsWhatNeedsNoWaiting(t *testing.T) {
	for name, tt := range map[string]struct {
		raw  string
		want int
	}{
		"all of a body with a length":  {status("HTTP/1.1 200 OK", "Content-Length: 5\r\n", "hello"), 5},
		"part of a body with a length": {status("HTTP/1.1 200 OK", "Content-Length: 9\r\n", "hello"), 5},
		"bytes beyond the body":        {status("HTTP/1.1 200 OK", "Content-Length: 2\r\n", "hello"), 2},
		"up to the end":                {status("HTTP/1.1 200 OK", "", "hello"), 5},
		"no body":                      {status("HTTP/1.1 204 No Content", "", "hello"), 0},
		"nothing yet":                  {status("HTTP/1.1 200 OK", "Content-Length: 9\r\n", ""), 0},
	} {
		c := NewConn(newScript(tt.raw), nil)
		var resp wire.Response
		if err := c.ReadResponse(&resp, nil); err != nil {
			t.Fatal(err)
		}
		if got := c.BodyBuffered(); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
		c.Release()
	}
}

// An endpoint may take long to answer, and a client to go on with its request.
func TestWaitingForTheOtherSideHoldsNoBuffer(t *testing.T) {
	endpoint, ours := tcpPair(t)
	c := NewConn(ours, nil)
	defer c.Release()
	req := wire.Request{Method: []byte("POST"), Authority: []byte("a"), Path: []byte("/"), Length: wire.UnknownLength}
	if err := errors.Join(c.WriteRequest(&req), c.WriteBody([]byte("hello")), c.Flush()); err != nil {
		t.Fatal(err)
	}
	if c.out.buf != nil {
		t.Error("a part of a request that was sent holds a buffer")
	}
	if err := errors.Join(c.WriteBody([]byte("again")), c.FinishBody(nil), c.Flush()); err != nil {
		t.Fatal(err)
	}
	var resp wire.Response
	if err := ours.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := c.ReadResponse(&resp, req.Method); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("behind its deadline: %v", err)
	}
	if c.in.buf != nil || c.out.buf != nil {
		t.Error("waiting for a response holds a buffer")
	}
	_ = endpoint.Close()
}

// What is read sparingly is the same, in a smaller buffer where that is enough.
func TestAResponseThatIsReadSparingly(t *testing.T) {
	for name, tt := range map[string]struct {
		value string
		size  int
	}{
		"a small head": {strings.Repeat("v", 1000), smallSize},
		"a large head": {strings.Repeat("v", 3*smallSize), bufferSize},
	} {
		t.Run(name, func(t *testing.T) {
			endpoint, ours := tcpPair(t)
			c := NewConn(ours, nil)
			defer c.Release()
			content := strings.Repeat("x", 100<<10)
			go io.WriteString(endpoint, "HTTP/1.1 200 OK\r\nX: "+tt.value+"\r\nContent-Length: 102400\r\n\r\n"+content)
			var resp wire.Response
			c.ReadSparingly()
			if err := c.ReadResponse(&resp, nil); err != nil {
				t.Fatal(err)
			}
			if got := len(c.in.buf.b); got != tt.size {
				t.Errorf("read into a buffer of %d bytes, want %d", got, tt.size)
			}
			body, err := io.ReadAll(c.Body())
			if err != nil || string(body) != content || string(resp.Header.Get("X")) != tt.value {
				t.Errorf("%d bytes of the body, %v", len(body), err)
			}
		})
	}
}
