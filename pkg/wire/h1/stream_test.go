package h1

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// readStream reads requests from one connection until one fails, and answers
// none. Bodies are read size bytes at a time, or drained where size is 0.
func readStream(size int, pieces ...string) (all []outcome) {
	c := NewConn(newScript(pieces...), nil)
	defer c.Release()
	var r wire.Request
	for {
		var o outcome
		if err := c.ReadRequest(&r); err != nil {
			o.fault(err)
			return append(all, o)
		}
		if size == 0 {
			c.DrainBody(1 << 30)
		} else {
			o.body(c, size)
			o.Rest = ""
		}
		// What the head holds must still be right once the body has been read.
		o.Start = fmt.Sprintf("%s %s|%s|%s %v", r.Method, r.Authority, r.Path, r.Query, r.HasQuery)
		o.Header, o.Length = lines(&r.Header), r.Length
		if all = append(all, o); o.Fault != "" || !c.BodyDone() {
			return all
		}
	}
}

// readApart reads the same requests each from a connection of its own that begins where the one ahead ended.
func readApart(raw string) (all []outcome) {
	for {
		s := newScript(raw)
		c := NewConn(s, nil)
		var r wire.Request
		var o outcome
		if err := c.ReadRequest(&r); err != nil {
			o.fault(err)
			c.Release()
			return append(all, o)
		}
		o.Start = fmt.Sprintf("%s %s|%s|%s %v", r.Method, r.Authority, r.Path, r.Query, r.HasQuery)
		o.Header, o.Length = lines(&r.Header), r.Length
		o.body(c, 4096)
		o.Rest = ""
		raw = string(c.Buffered())
		for _, piece := range s.in {
			raw += string(piece)
		}
		c.Release()
		if all = append(all, o); o.Fault != "" {
			return all
		}
	}
}

// FuzzStream checks that nothing of one request leaks into the next one on the connection.
func FuzzStream(f *testing.F) {
	trailer := chunked("1\r\nx\r\n0\r\nX: y\r\n\r\n")
	f.Add(get("A: 1\r\n")+trailer+post("Content-Length: 3\r\n", "abc")+"\r\n"+get("B: 2\r\n"), uint16(77))
	f.Add(trailer+trailer+get("Connection: A\r\nA: b\r\n")+get("A: b\r\n"), uint16(5))
	f.Add(browser+curl+browser, uint16(901))
	f.Add(post("Connection: close, A\r\nExpect: 100-continue\r\nContent-Length: 1\r\n", "x")+chunked("5;a=b\r\nhello\r\n0\r\n\r\n")+"GET", uint16(33))
	f.Add(get("X: "+strings.Repeat("v", 5000)+"\r\n")+chunked("1000\r\n"+strings.Repeat("x", 4096)+"\r\n0\r\n\r\n")+curl, uint16(4000))
	f.Fuzz(func(t *testing.T, raw string, seed uint16) {
		if len(raw) > 64<<10 {
			return
		}
		apart := readApart(raw)
		if last := &apart[len(apart)-1]; last.Fault != "" {
			last.Body = ""
		}
		for name, got := range map[string][]outcome{
			"together":     readStream(4096, raw),
			"cut":          readStream(1+int(seed%300), cut(raw, seed)...),
			"byte by byte": readStream(1+int(seed%5), bytewise(raw)...),
		} {
			if last := &got[len(got)-1]; last.Fault != "" {
				last.Body = ""
			}
			if diff := cmp.Diff(apart, got); diff != "" {
				t.Fatalf("%s (-apart +on one connection):\n%s", name, diff)
			}
		}
		if drained := readStream(0, cut(raw, seed)...); len(drained) < len(apart)-1 {
			t.Fatalf("drained, %d requests are read, not %d", len(drained), len(apart))
		}
	})
}

// Responses on one connection, with informational ones among them, do not leak into each other.
func TestReadsResponsesOneBehindTheOther(t *testing.T) {
	raw := status("HTTP/1.1 103 Early Hints", "Link: a\r\n", "") +
		answer + pieces + status("HTTP/1.1 304 Not Modified", "Content-Length: 5\r\n", "") +
		status("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\nX: y\r\n\r\n") + answer +
		status("HTTP/1.1 200 OK", "", "until the end")
	want := []string{"103 \"\" []", "200 \"hello, world\" []", "200 \"hello, world\" []", "304 \"\" []", "200 \"x\" [X: y]",
		"200 \"hello, world\" []", "200 \"until the end\" []", "EOF"}
	for name, cuts := range map[string][]string{"in one piece": {raw}, "byte by byte": bytewise(raw)} {
		c := NewConn(newScript(cuts...), nil)
		var got []string
		for {
			var r wire.Response
			if err := c.ReadResponse(&r, []byte("GET")); err != nil {
				got = append(got, err.Error())
				break
			}
			body, err := io.ReadAll(c.Body())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%d %q %v", r.Status, body, lines(c.Body().Trailer())))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		c.Release()
	}
}
