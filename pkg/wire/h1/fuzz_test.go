package h1

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// pieces cuts raw at two places that seed picks.
func cut(raw string, seed uint16) []string {
	if len(raw) == 0 {
		return []string{raw}
	}
	a, b := int(seed)%len(raw), int(seed>>3)%len(raw)
	a, b = min(a, b), max(a, b)
	return []string{raw[:a], raw[a:b], raw[b:]}
}

func addRequests(f *testing.F) {
	for _, c := range corpus(f) {
		if c.method == "" {
			f.Add(c.raw, uint16(len(c.raw)*3))
		}
	}
	for _, tt := range acceptedRequests {
		f.Add(tt.raw, uint16(len(tt.raw)))
	}
	f.Add(curl, uint16(20))
	f.Add(browser, uint16(200))
	f.Add(target("GET", "http://a.example/b?c"), uint16(7))
	f.Add(chunked("1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\nrest"), uint16(80))
	f.Add(post("Expect: 100-continue\r\nContent-Length: 1\r\n", "xrest"), uint16(9))
	f.Add(get("Connection: Upgrade\r\nUpgrade: websocket\r\nTE: trailers\r\n"), uint16(9))
}

// FuzzRequest checks that a request reads alike however it is cut, that one we
// accept means to net/http what it means to us, and that what we write of it reads as the same request.
func FuzzRequest(f *testing.F) {
	addRequests(f)
	f.Fuzz(func(t *testing.T, raw string, seed uint16) {
		if len(raw) > 100<<10 {
			return
		}
		whole := readRequest(nil, 512, raw)
		parts := readRequest(nil, 1+int(seed%700), cut(raw, seed)...)
		if whole.Fault != "" {
			whole.Rest, parts.Rest = "", ""
			whole.Body, parts.Body = "", "" // How much came before the fault may differ.
		}
		whole.Rest, parts.Rest = "", ""
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Fatalf("cut, the message differs (-whole +cut):\n%s", diff)
		}
		if whole.Start == "" || whole.Fault != "" {
			return
		}
		compareRequest(t, nil, raw)
		roundTrip(t, raw)
	})
}

// roundTrip writes what was read, with content and trailer, and reads it again.
func roundTrip(t *testing.T, raw string) {
	c := NewConn(newScript(raw), nil)
	defer c.Release()
	var r wire.Request
	if err := c.ReadRequest(&r); err != nil {
		t.Fatal(err)
	}
	if len(r.Authority) == 0 {
		return // HTTP/1.0 without Host is no request of HTTP/1.1.
	}
	sink := newScript()
	dst := NewConn(sink, nil)
	defer dst.Release()
	if err := dst.WriteRequest(&r); err != nil {
		t.Fatalf("cannot write what was read: %v", err)
	}
	if _, readErr, writeErr := CopyBody(dst, c, nil); readErr != nil || writeErr != nil {
		t.Fatal(readErr, writeErr)
	}
	if err := dst.FinishBody(c.Body().Trailer()); err != nil {
		t.Fatal(err)
	}
	if err := dst.Flush(); err != nil {
		t.Fatal(err)
	}
	// What is written may have a field more than was read, such as Connection.
	lenient := &Limits{MaxHeadBytes: 1 << 20, MaxFields: 200, KeepUnderscores: true}
	if sink.out.Len() < 60<<10 {
		compareRequest(t, lenient, sink.out.String())
	}
	first, second := readRequest(nil, 512, raw), readRequest(lenient, 512, sink.out.String())
	first.Rest = ""
	first.Flags = strings.TrimSpace(strings.Replace(strings.Replace(first.Flags, "1.0 ", "", 1), "1.0", "", 1))
	second.Flags = strings.TrimSpace(second.Flags)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Fatalf("written, the request differs (-read +written):\n%s\n%q", diff, sink.out.String())
	}
}

// FuzzResponse is FuzzRequest for responses.
func FuzzResponse(f *testing.F) {
	for _, c := range corpus(f) {
		if c.method != "" {
			f.Add(c.raw, uint16(len(c.raw)), c.method == "HEAD")
		}
	}
	for _, tt := range acceptedResponses {
		f.Add(tt.raw, uint16(len(tt.raw)), tt.method == "HEAD")
	}
	f.Add(answer, uint16(30), false)
	f.Add(pieces, uint16(90), false)
	f.Add(pieces, uint16(90), true)
	f.Add(status("HTTP/1.1 304 Not Modified", "Content-Length: 5\r\n", ""), uint16(9), false)
	f.Add(status("HTTP/1.0 200 OK", "", "hello"), uint16(9), false)
	f.Fuzz(func(t *testing.T, raw string, seed uint16, head bool) {
		if len(raw) > 100<<10 {
			return
		}
		method := "GET"
		if head {
			method = "HEAD"
		}
		whole := readResponse(method, 512, raw)
		parts := readResponse(method, 1+int(seed%700), cut(raw, seed)...)
		rest := whole.Rest
		if whole.Fault != "" {
			whole.Body, parts.Body = "", ""
		}
		whole.Rest, parts.Rest = "", ""
		whole.Reusable, parts.Reusable = false, false // It depends on what was read ahead.
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Fatalf("cut, the message differs (-whole +cut):\n%s", diff)
		}
		if whole.Start == "" || whole.Fault != "" {
			return
		}
		compareResponse(t, raw, method, whole, rest)
	})
}

// dumbChunks decodes a chunked body from complete bytes in the plainest way.
func dumbChunks(raw string) (body, rest string, ok bool) {
	for {
		line, after, found := strings.Cut(raw, "\r\n")
		if !found {
			return "", "", false
		}
		size, _, _ := strings.Cut(line, ";")
		var n uint64
		if len(size) == 0 || len(size) > 16 || strings.Trim(size, "0123456789abcdefABCDEF") != "" {
			return "", "", false
		}
		if _, err := fmt.Sscanf(size, "%x", &n); err != nil {
			return "", "", false
		}
		raw = after
		if n == 0 {
			break
		}
		if n > uint64(len(raw)) || !strings.HasPrefix(raw[n:], "\r\n") {
			return "", "", false
		}
		body += raw[:n]
		raw = raw[n+2:]
	}
	for {
		line, after, found := strings.Cut(raw, "\r\n")
		if !found {
			return "", "", false
		}
		raw = after
		if line == "" {
			return body, raw, true
		}
	}
}

// FuzzChunked compares the decoder of chunked bodies with one that is dumb: what
// we accept, it accepts with the same content and the same end.
func FuzzChunked(f *testing.F) {
	head := chunked("")
	for _, tt := range joined(f, refusedBodies, ambiguousBodies) {
		f.Add(strings.TrimPrefix(tt.raw, head), uint16(len(tt.raw)))
	}
	f.Add("5\r\nhello\r\n0\r\n\r\nrest", uint16(7))
	f.Add("5;a=\"b\\\"\"\r\nhello\r\n1;c\r\nx\r\n0;d\r\nX: a\r\n\r\nrest", uint16(70))
	f.Fuzz(func(t *testing.T, raw string, seed uint16) {
		if len(raw) > bufferSize/2 {
			return
		}
		got := readRequest(nil, 1+int(seed%600), head+raw)
		body, rest, ok := dumbChunks(raw)
		switch {
		case got.Fault != "":
			if !strings.HasPrefix(body, got.Body) && ok {
				t.Fatalf("before the fault %q came %q, not %q", got.Fault, got.Body, body)
			}
		case !ok:
			t.Fatalf("accepted %q as %q", raw, got.Body)
		case body != got.Body || rest != got.Rest:
			t.Fatalf("read %q, then %q; want %q, then %q", got.Body, got.Rest, body, rest)
		}
	})
}

// FuzzWriteHead checks that no bytes in a head change its framing: what is
// written reads as one request with the same parts, or is not written at all.
func FuzzWriteHead(f *testing.F) {
	f.Add("GET", "a.example", "/", "b", "X-Name", "value")
	f.Add("GET", "a.example", "/ HTTP/1.1\r\nX: a", "", "X", "a\r\nY: b")
	f.Add("POST", "a.example\r\n", "/", "\n", "Content-Length", "5")
	f.Add("OPTIONS", "[::1]:1", "*", "", "X:", "\x00")
	f.Fuzz(func(t *testing.T, method, authority, path, query, name, value string) {
		sink := newScript()
		c := NewConn(sink, nil)
		defer c.Release()
		want := wire.Request{Method: []byte(method), Authority: []byte(authority), Path: []byte(path), Query: []byte(query), HasQuery: query != ""}
		want.Header.Add(name, []byte(value))
		if err := c.WriteRequest(&want); err != nil {
			if c.Flush(); sink.out.Len() > 0 {
				t.Fatalf("refused and written: %q", sink.out.Bytes())
			}
			return
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		back := NewConn(newScript(sink.out.String()), &Limits{MaxHeadBytes: 1 << 20, MaxTargetBytes: 1 << 20, KeepUnderscores: true})
		defer back.Release()
		var got wire.Request
		if err := back.ReadRequest(&got); err != nil {
			if authority == "" || len(method) > maxMethod || len(sink.out.Bytes()) > 1<<20 {
				return
			}
			t.Fatalf("wrote %q: %v", sink.out.Bytes(), err)
		}
		trimmed := bytes.Trim([]byte(value), " \t")
		if string(got.Method) != method || string(got.Authority) != authority || got.Length != 0 && len(back.Buffered()) > 0 ||
			method != "CONNECT" && (string(got.Path) != path || string(got.Query) != query) ||
			got.Header.Len() > 1 || got.Header.Len() == 1 && !bytes.Equal(got.Header.Get(name), trimmed) {
			t.Fatalf("wrote %q", sink.out.Bytes())
		}
	})
}
