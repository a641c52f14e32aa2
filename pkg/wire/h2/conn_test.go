package h2_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// client speaks frames with a connection under test.
type client struct {
	t  testing.TB
	nc net.Conn
	*http2.Framer
	enc   *hpack.Encoder
	block bytes.Buffer
	// served gets what Serve returned.
	served chan error
	err    error
}

// dial serves a connection with handle and returns the client's end of it, with
// the preface and the settings behind it.
func dial(t testing.TB, o *h2.Options, handle func(*h2.Stream)) *client {
	t.Helper()
	c := dialRaw(t, o, handle)
	c.write([]byte(h2.Preface))
	c.check(c.WriteSettings())
	c.check(c.WriteSettingsAck())
	return c
}

func dialRaw(t testing.TB, o *h2.Options, handle func(*h2.Stream)) *client {
	t.Helper()
	ours, theirs := pipe(t)
	c := &client{t: t, nc: ours, served: make(chan error, 1)}
	c.Framer = http2.NewFramer(ours, ours)
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.AllowIllegalWrites = true
	c.enc = hpack.NewEncoder(&c.block)
	conn := h2.NewConn(theirs, nil, o)
	go func() { c.served <- conn.Serve(handle) }()
	t.Cleanup(func() {
		ours.Close()
		c.end()
	})
	return c
}

// end waits for Serve and returns what it has returned.
func (c *client) end() error {
	if c.served != nil {
		c.err = <-c.served
		c.served = nil
	}
	return c.err
}

func (c *client) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) write(p []byte) {
	c.t.Helper()
	_, err := c.nc.Write(p)
	c.check(err)
}

// encode makes a field section of lines "name: value".
func (c *client) encode(lines ...string) []byte {
	c.block.Reset()
	for _, line := range lines {
		i := strings.Index(line[1:], ":") + 1
		c.check(c.enc.WriteField(hpack.HeaderField{Name: line[:i], Value: strings.TrimPrefix(line[i+1:], " ")}))
	}
	return bytes.Clone(c.block.Bytes())
}

// get are the lines of a plain request.
func get(more ...string) []string {
	return append([]string{":method: GET", ":scheme: http", ":authority: h", ":path: /"}, more...)
}

func (c *client) headers(id uint32, end bool, lines ...string) {
	c.t.Helper()
	c.check(c.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.encode(lines...), EndStream: end, EndHeaders: true}))
}

// await reads frames up to one that want accepts; nil at the end of the connection.
func (c *client) await(want func(http2.Frame) bool) http2.Frame {
	c.t.Helper()
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return nil
		}
		if want(f) {
			return f
		}
	}
}

// answer is a response as it came.
type answer struct {
	status  string
	fields  string
	body    string
	trailer string
	// code is that of RST_STREAM, -1 for none.
	code int
}

// answer reads the frames of one stream up to its end.
func (c *client) answer(id uint32) answer {
	c.t.Helper()
	a := answer{code: -1}
	for {
		f, err := c.ReadFrame()
		if err != nil {
			c.t.Errorf("stream %d: %v after %+v", id, err, a)
			return a
		}
		if f.Header().StreamID != id {
			continue
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			for _, field := range f.Fields {
				switch {
				case field.Name == ":status":
					a.status += field.Value + " "
				case a.body != "" || f.StreamEnded() && a.fields != "":
					a.trailer += field.Name + ": " + field.Value + "\n"
				default:
					a.fields += field.Name + ": " + field.Value + "\n"
				}
			}
			if f.StreamEnded() {
				return a
			}
		case *http2.DataFrame:
			a.body += string(f.Data())
			if f.StreamEnded() {
				return a
			}
		case *http2.RSTStreamFrame:
			a.code = int(f.ErrCode)
			return a
		}
	}
}

// echo answers with the method, the target, the header and the body.
func echo(s *h2.Stream) {
	var req wire.Request
	resp := wire.Response{Status: 200, Length: wire.UnknownLength}
	if refused := s.TakeRequest(&req); refused != nil {
		resp.Status = refused.Status
		resp.Header.Add("X-Fault", []byte(refused.Fault))
		s.WriteHead(&resp)
		s.Finish(nil)
		return
	}
	var out bytes.Buffer
	out.WriteString(string(req.Method) + " " + string(req.Authority) + " " + string(req.Path) + "?" + string(req.Query) + "\n")
	for _, f := range req.Header.Fields() {
		out.WriteString(string(f.Name) + ": " + string(f.Value) + "\n")
	}
	body, err := io.ReadAll(s)
	if err != nil {
		if errors.Is(err, h2.ErrClosed) {
			return
		}
		s.Reset(h2.InternalError)
		return
	}
	out.Write(body)
	resp.NoBody = string(req.Method) == "HEAD"
	if s.WriteHead(&resp) != nil {
		return
	}
	if s.WriteBody(out.Bytes()) != nil {
		return
	}
	s.Finish(s.Trailer())
}

// pipe returns the two ends of a connection on loopback: unlike net.Pipe it takes
// bytes that nobody reads yet, and it can be half-closed.
func pipe(t testing.TB) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestRequests(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  answer
	}{
		"a plain request": {lines: get(), want: answer{status: "200 ", body: "GET h /?\n", code: -1}},
		"fields and a query": {
			lines: []string{":method: GET", ":scheme: https", ":authority: h:8", ":path: /a?b=c", "x-a: 1", "te: trailers", "x_b: 2"},
			want:  answer{status: "200 ", body: "GET h:8 /a?b=c\nx-a: 1\n", code: -1},
		},
		"a cookie in crumbs": {
			lines: get("cookie: a=1", "x: y", "cookie: b=2", "cookie: c=3"),
			want:  answer{status: "200 ", body: "GET h /?\ncookie: a=1; b=2; c=3\nx: y\n", code: -1},
		},
		"HEAD has no body":            {lines: []string{":method: HEAD", ":scheme: http", ":authority: h", ":path: /"}, want: answer{status: "200 ", code: -1}},
		"OPTIONS of the whole server": {lines: []string{":method: OPTIONS", ":scheme: http", ":authority: h", ":path: *"}, want: answer{status: "200 ", body: "OPTIONS h *?\n", code: -1}},
		"CONNECT has no path":         {lines: []string{":method: CONNECT", ":authority: h:1"}, want: answer{status: "200 ", body: "CONNECT h:1 ?\n", code: -1}},
		"an extended CONNECT": {
			lines: []string{":method: CONNECT", ":protocol: websocket", ":scheme: https", ":authority: h", ":path: /a?b", "sec-websocket-version: 13"},
			want:  answer{status: "200 ", body: "GET h /a?b\nsec-websocket-version: 13\n", code: -1},
		},
		"an extended CONNECT for requests": {
			lines: []string{":method: CONNECT", ":protocol: h2c", ":scheme: https", ":authority: h", ":path: /"},
			want:  answer{status: "501 ", fields: "x-fault: protocol\n", code: -1},
		},
		"Host instead of :authority":   {lines: []string{":method: GET", ":scheme: http", ":path: /", "host: g"}, want: answer{status: "200 ", body: "GET g /?\n", code: -1}},
		"Host that says the same":      {lines: get("host: H"), want: answer{status: "200 ", body: "GET h /?\n", code: -1}},
		"Host that says another thing": {lines: get("host: g"), want: answer{status: "400 ", fields: "x-fault: host-conflicts-with-authority\n", code: -1}},
		"no host": {
			lines: []string{":method: GET", ":scheme: http", ":path: /"},
			want:  answer{status: "400 ", fields: "x-fault: host-missing\n", code: -1},
		},
		"an authority with a user": {
			lines: []string{":method: GET", ":scheme: http", ":authority: u@h", ":path: /"},
			want:  answer{status: "400 ", fields: "x-fault: host\n", code: -1},
		},
		"a path with a space": {
			lines: []string{":method: GET", ":scheme: http", ":authority: h", ":path: /a b"},
			want:  answer{status: "400 ", fields: "x-fault: target\n", code: -1},
		},
		"a path without a slash": {
			lines: []string{":method: GET", ":scheme: http", ":authority: h", ":path: a"},
			want:  answer{status: "400 ", fields: "x-fault: target-form\n", code: -1},
		},
		"a long path": {
			lines: []string{":method: GET", ":scheme: http", ":authority: h", ":path: /" + strings.Repeat("a", 16<<10)},
			want:  answer{status: "414 ", fields: "x-fault: target-too-long\n", code: -1},
		},
		"an unknown expectation": {lines: get("expect: x"), want: answer{status: "417 ", fields: "x-fault: expectation\n", code: -1}},
		"too many fields": {
			lines: get(strings.Split(strings.Repeat("a: b,", 101), ",")[:101]...),
			want:  answer{status: "431 ", fields: "x-fault: too-many-fields\n", code: -1},
		},
		"too many crumbs": {
			lines: get(strings.Split(strings.Repeat("cookie: b,", 101), ",")[:101]...),
			want:  answer{status: "431 ", fields: "x-fault: too-many-fields\n", code: -1},
		},
		"too large a head": {
			lines: get(strings.Split(strings.Repeat("a: "+strings.Repeat("b", 2000)+",", 40), ",")[:40]...),
			want:  answer{status: "431 ", fields: "x-fault: head-too-large\n", code: -1},
		},

		"a name with capitals":          {lines: get("X-A: 1"), want: answer{code: 1}},
		"an empty name":                 {lines: get(": 1"), want: answer{code: 1}},
		"a name with a space":           {lines: get("a b: 1"), want: answer{code: 1}},
		"a value with a line break":     {lines: get("a: b\r\nc: d"), want: answer{code: 1}},
		"a value with NUL":              {lines: get("a: b\x00"), want: answer{code: 1}},
		"a value that ends in a space":  {lines: get("a: b "), want: answer{code: 1}},
		"a method with a space":         {lines: []string{":method: GET /", ":scheme: http", ":authority: h", ":path: /"}, want: answer{code: 1}},
		"a scheme of another kind":      {lines: []string{":method: GET", ":scheme: ftp", ":authority: h", ":path: /"}, want: answer{code: 1}},
		"an authority with CR":          {lines: []string{":method: GET", ":scheme: http", ":authority: h\r", ":path: /"}, want: answer{code: 1}},
		"Connection":                    {lines: get("connection: close"), want: answer{code: 1}},
		"Transfer-Encoding":             {lines: get("transfer-encoding: chunked"), want: answer{code: 1}},
		"Upgrade":                       {lines: get("upgrade: h2c"), want: answer{code: 1}},
		"Keep-Alive":                    {lines: get("keep-alive: 1"), want: answer{code: 1}},
		"Proxy-Connection":              {lines: get("proxy-connection: close"), want: answer{code: 1}},
		"TE other than trailers":        {lines: get("te: gzip"), want: answer{code: 1}},
		"an unknown pseudo-header":      {lines: get(":x: y"), want: answer{code: 1}},
		"a pseudo-header of responses":  {lines: get(":status: 200"), want: answer{code: 1}},
		"a pseudo-header behind fields": {lines: []string{":method: GET", ":scheme: http", "a: b", ":path: /"}, want: answer{code: 1}},
		"two methods":                   {lines: get(":method: GET"), want: answer{code: 1}},
		"two paths":                     {lines: get(":path: /"), want: answer{code: 1}},
		"no method":                     {lines: []string{":scheme: http", ":authority: h", ":path: /"}, want: answer{code: 1}},
		"no scheme":                     {lines: []string{":method: GET", ":authority: h", ":path: /"}, want: answer{code: 1}},
		"no path":                       {lines: []string{":method: GET", ":scheme: http", ":authority: h"}, want: answer{code: 1}},
		"an empty path":                 {lines: []string{":method: GET", ":scheme: http", ":authority: h", ":path: "}, want: answer{code: 1}},
		"CONNECT with a path":           {lines: []string{":method: CONNECT", ":authority: h:1", ":path: /"}, want: answer{code: 1}},
		"a protocol without CONNECT":    {lines: get(":protocol: websocket"), want: answer{code: 1}},
		"a protocol that is no token": {
			lines: []string{":method: CONNECT", ":protocol: a b", ":scheme: https", ":authority: h", ":path: /"}, want: answer{code: 1},
		},
		"an extended CONNECT without a path": {
			lines: []string{":method: CONNECT", ":protocol: a", ":scheme: https", ":authority: h"}, want: answer{code: 1},
		},
		"an extended CONNECT with a length": {
			lines: []string{":method: CONNECT", ":protocol: a", ":scheme: https", ":authority: h", ":path: /", "content-length: 0"}, want: answer{code: 1},
		},
		"a length without a body": {lines: get("content-length: 1"), want: answer{code: 1}},
		"two lengths":             {lines: get("content-length: 0", "content-length: 0"), want: answer{code: 1}},
		"a length that is none":   {lines: get("content-length: +0"), want: answer{code: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			cl := dial(t, nil, echo)
			cl.headers(1, true, c.lines...)
			if got := cl.answer(1); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			cl.headers(3, true, get()...)
			if got := cl.answer(3); got.status != "200 " {
				t.Errorf("the next stream got %+v", got)
			}
		})
	}
}
