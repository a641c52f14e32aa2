package h1

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/wire"
)

func header(lines ...string) (h wire.Header) {
	for i := 0; i < len(lines); i += 2 {
		h.Add(lines[i], []byte(lines[i+1]))
	}
	return h
}

func TestWritesRequests(t *testing.T) {
	tests := map[string]struct {
		req  wire.Request
		body []string
		want string
	}{
		"without content": {
			req:  wire.Request{Method: []byte("GET"), Authority: []byte("a"), Path: []byte("/b"), Query: []byte("c"), HasQuery: true, Header: header("X", "y")},
			want: "GET /b?c HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
		},
		"without content where content is usual": {
			req:  wire.Request{Method: []byte("POST"), Authority: []byte("a"), Path: []byte("/")},
			want: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		},
		"with an empty query": {
			req:  wire.Request{Method: []byte("GET"), Authority: []byte("a"), Path: []byte("/"), HasQuery: true},
			want: "GET /? HTTP/1.1\r\nHost: a\r\n\r\n",
		},
		"with a length": {
			req:  wire.Request{Method: []byte("PUT"), Authority: []byte("a"), Path: []byte("/"), Length: 5},
			body: []string{"he", "", "llo"},
			want: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		},
		"in chunks": {
			req:  wire.Request{Method: []byte("PUT"), Authority: []byte("a"), Path: []byte("/"), Length: wire.UnknownLength},
			body: []string{"he", "", strings.Repeat("x", 26)},
			want: "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n1a\r\n" + strings.Repeat("x", 26) + "\r\n0\r\n\r\n",
		},
		"for a tunnel": {
			req:  wire.Request{Method: []byte("CONNECT"), Authority: []byte("a:1")},
			want: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
		},
		"for the options of the server": {
			req:  wire.Request{Method: []byte("OPTIONS"), Authority: []byte("a"), Path: []byte("*")},
			want: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		},
		"that upgrade and take trailers and close": {
			req:  wire.Request{Method: []byte("GET"), Authority: []byte("a"), Path: []byte("/"), Upgrade: []byte("websocket"), TrailersAccepted: true, Close: true},
			want: "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nTE: trailers\r\nConnection: close, upgrade, TE\r\n\r\n",
		},
		"that wait for 100": {
			req:  wire.Request{Method: []byte("PUT"), Authority: []byte("a"), Path: []byte("/"), Length: 1, ExpectContinue: true},
			body: []string{"x"},
			want: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx",
		},
		"without framing fields of others": {
			req: wire.Request{Method: []byte("GET"), Authority: []byte("a"), Path: []byte("/"), Header: header("host", "b", "content-length", "5",
				"transfer-encoding", "chunked", "connection", "x", "te", "x", "upgrade", "x", "expect", "x", "keep-alive", "x", "X", "y")},
			want: "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sink := newScript()
			c := NewConn(sink, nil)
			defer c.Release()
			if err := c.WriteRequest(&tt.req); err != nil {
				t.Fatal(err)
			}
			for _, p := range tt.body {
				if err := c.WriteBody([]byte(p)); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(c.FinishBody(nil), c.Flush()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, sink.out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWritesResponses(t *testing.T) {
	const (
		plain   = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
		old     = "GET / HTTP/1.0\r\n\r\n"
		oldKept = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
		head    = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
		last    = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
		refused = "GET  / HTTP/1.1\r\n\r\n"
	)
	tests := map[string]struct {
		to       string
		resp     wire.Response
		body     string
		trailer  *wire.Header
		want     string
		reusable bool
	}{
		"with a length": {
			to: plain, resp: wire.Response{Status: 200, Length: 2, Header: header("X", "y")}, body: "hi",
			want: "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\nhi", reusable: true,
		},
		"with a status that nobody knows": {
			to: plain, resp: wire.Response{Status: 599},
			want: "HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n", reusable: true,
		},
		"in chunks with a trailer": {
			to: plain, resp: wire.Response{Status: 200, Length: wire.UnknownLength}, body: "hi",
			trailer: new(header("X", "y", "Content-Length", "3")),
			want:    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n", reusable: true,
		},
		"of unknown length to HTTP/1.0": {
			to: oldKept, resp: wire.Response{Status: 200, Length: wire.UnknownLength}, body: "hi",
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi",
		},
		"to HTTP/1.0": {
			to: old, resp: wire.Response{Status: 200, Length: 2}, body: "hi",
			want: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
		},
		"to HTTP/1.0 that keeps the connection": {
			to: oldKept, resp: wire.Response{Status: 200, Length: 2}, body: "hi",
			want: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi", reusable: true,
		},
		"to a client that closes": {
			to: last, resp: wire.Response{Status: 200, Length: 2}, body: "hi",
			want: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
		},
		"to a request that was refused": {
			to: refused, resp: wire.Response{Status: 400, Length: 2}, body: "no",
			want: "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
		},
		"that close": {
			to: plain, resp: wire.Response{Status: 200, Close: true},
			want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		},
		"to HEAD": {
			to: head, resp: wire.Response{Status: 200, Length: 2}, body: "hi",
			want: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", reusable: true,
		},
		"to HEAD of unknown length": {
			to: head, resp: wire.Response{Status: 200, Length: wire.UnknownLength}, body: "hi",
			want: "HTTP/1.1 200 OK\r\n\r\n", reusable: true,
		},
		"without content": {
			to: plain, resp: wire.Response{Status: 204, Length: wire.UnknownLength}, body: "hi",
			want: "HTTP/1.1 204 No Content\r\n\r\n", reusable: true,
		},
		"not modified": {
			to: plain, resp: wire.Response{Status: 304}, body: "hi",
			want: "HTTP/1.1 304 Not Modified\r\n\r\n", reusable: true,
		},
		"not modified with the length of what there is": {
			to: plain, resp: wire.Response{Status: 304, Length: 9},
			want: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", reusable: true,
		},
		"that switch protocols": {
			to: plain, resp: wire.Response{Status: 101, Upgrade: []byte("websocket")},
			want: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
		},
		"without framing fields of others": {
			to: plain, resp: wire.Response{Status: 200, Header: header("content-length", "5", "Transfer-Encoding", "x", "Connection", "close", "X", "y")},
			want: "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\n\r\n", reusable: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sink := newScript(tt.to)
			c := NewConn(sink, nil)
			defer c.Release()
			var req wire.Request
			if err := c.ReadRequest(&req); err != nil && tt.to != refused {
				t.Fatal(err)
			}
			if c.Reusable() {
				t.Error("reusable ahead of the response")
			}
			if err := errors.Join(c.WriteResponse(&tt.resp), c.WriteBody([]byte(tt.body)), c.FinishBody(tt.trailer), c.Flush()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, sink.out.String()); diff != "" {
				t.Error(diff)
			}
			if c.Reusable() != tt.reusable {
				t.Errorf("reusable is %v", c.Reusable())
			}
		})
	}
}

func TestInformationalResponsesPrecedeTheFinalOne(t *testing.T) {
	for version, want := range map[string]string{
		"HTTP/1.1": "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.0": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	} {
		sink := newScript("GET / " + version + "\r\nHost: a\r\n\r\n")
		c := NewConn(sink, nil)
		var req wire.Request
		if err := c.ReadRequest(&req); err != nil {
			t.Fatal(err)
		}
		if err := c.WriteResponse(&wire.Response{Status: 103, Header: header("Link", "a")}); err != nil {
			t.Fatal(err)
		}
		if c.Reusable() {
			t.Errorf("%s: reusable behind an informational response", version)
		}
		if err := errors.Join(c.WriteResponse(&wire.Response{Status: 200}), c.FinishBody(nil), c.Flush()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, sink.out.String()); diff != "" {
			t.Errorf("%s: %s", version, diff)
		}
		c.Release()
	}
}

func TestRefusesToWrite(t *testing.T) {
	get := func(change func(*wire.Request)) *wire.Request {
		r := &wire.Request{Method: []byte("GET"), Authority: []byte("a"), Path: []byte("/")}
		change(r)
		return r
	}
	requests := map[string]*wire.Request{
		"a method with a space":      get(func(r *wire.Request) { r.Method = []byte("GET /") }),
		"an empty method":            get(func(r *wire.Request) { r.Method = nil }),
		"an authority with CRLF":     get(func(r *wire.Request) { r.Authority = []byte("a\r\nX: y") }),
		"a path with a space":        get(func(r *wire.Request) { r.Path = []byte("/ HTTP/1.1") }),
		"a path with CRLF":           get(func(r *wire.Request) { r.Path = []byte("/\r\n") }),
		"a path without slash":       get(func(r *wire.Request) { r.Path = []byte("a") }),
		"an empty path":              get(func(r *wire.Request) { r.Path = nil }),
		"an asterisk for GET":        get(func(r *wire.Request) { r.Path = []byte("*") }),
		"a query with LF":            get(func(r *wire.Request) { r.Query, r.HasQuery = []byte("\n"), true }),
		"a name with a colon":        get(func(r *wire.Request) { r.Header.Add("X:", nil) }),
		"an empty name":              get(func(r *wire.Request) { r.Header.Add("", nil) }),
		"a value with CR":            get(func(r *wire.Request) { r.Header.Add("X", []byte("a\rb")) }),
		"a value with LF":            get(func(r *wire.Request) { r.Header.Add("X", []byte("a\nb")) }),
		"a value with NUL":           get(func(r *wire.Request) { r.Header.Add("X", []byte("12345678\x00")) }),
		"a protocol with CRLF":       get(func(r *wire.Request) { r.Upgrade = []byte("a\r\nX: y") }),
		"a tunnel without authority": get(func(r *wire.Request) { r.Method, r.Authority = []byte("CONNECT"), nil }),
	}
	for name, req := range requests {
		sink := newScript()
		c := NewConn(sink, nil)
		if err := c.WriteRequest(req); !errors.Is(err, ErrInvalidHead) {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.Flush(); err != nil || sink.out.Len() > 0 {
			t.Errorf("%s: wrote %q, %v", name, sink.out.Bytes(), err)
		}
		c.Release()
	}
	responses := map[string]*wire.Response{
		"a status below 100": {Status: 99},
		"a long status":      {Status: 1000},
		"a value with CRLF":  {Status: 200, Header: header("X", "a\r\n\r\n<html>")},
		"a protocol with LF": {Status: 101, Upgrade: []byte("a\n")},
	}
	for name, resp := range responses {
		sink := newScript()
		c := NewConn(sink, nil)
		if err := c.WriteResponse(resp); !errors.Is(err, ErrInvalidHead) {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.Flush(); err != nil || sink.out.Len() > 0 {
			t.Errorf("%s: wrote %q, %v", name, sink.out.Bytes(), err)
		}
		c.Release()
	}
}

func TestHoldsTheCallerToTheLength(t *testing.T) {
	c := NewConn(newScript(), nil)
	defer c.Release()
	if err := c.WriteResponse(&wire.Response{Status: 200, Length: 5}); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteBody([]byte("hello!")); !errors.Is(err, ErrTooLong) {
		t.Errorf("6 bytes of 5: %v", err)
	}
	if err := c.WriteBody([]byte("hell")); err != nil {
		t.Fatal(err)
	}
	if err := c.FinishBody(nil); !errors.Is(err, ErrTooShort) {
		t.Errorf("4 bytes of 5: %v", err)
	}
	if c.Reusable() {
		t.Error("reusable with a body that is too short")
	}
	if err := errors.Join(c.WriteBody([]byte("o")), c.FinishBody(nil)); err != nil {
		t.Error(err)
	}
	if err := c.WriteBody([]byte("!")); !errors.Is(err, ErrTooLong) {
		t.Errorf("a byte behind the body: %v", err)
	}
}

// A large head does not fit into an ordinary buffer, for reading or for writing.
func TestLargeHeadsPassThrough(t *testing.T) {
	value := strings.Repeat("v", 40<<10)
	sink := newScript(get("X: "+value+"\r\n") + get("Y: z\r\n"))
	c := NewConn(sink, nil)
	defer c.Release()
	var req wire.Request
	if err := c.ReadRequest(&req); err != nil {
		t.Fatal(err)
	}
	resp := wire.Response{Status: 200, Length: 2, Header: header("X", string(req.Header.Get("X")))}
	if err := errors.Join(c.WriteResponse(&resp), c.WriteBody([]byte("hi")), c.FinishBody(nil), c.Flush()); err != nil {
		t.Fatal(err)
	}
	if want := "HTTP/1.1 200 OK\r\nX: " + value + "\r\nContent-Length: 2\r\n\r\nhi"; sink.out.String() != want {
		t.Errorf("got %d bytes, want %d", sink.out.Len(), len(want))
	}
	if err := c.ReadRequest(&req); err != nil || string(req.Header.Get("y")) != "z" {
		t.Errorf("the request behind it: %v", err)
	}
}
