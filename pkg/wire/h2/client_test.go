package h2_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// dialEndpoint returns our client's connection to what serves the other end.
func dialEndpoint(t testing.TB, o *h2.Options, serve func(net.Conn)) *h2.ClientConn {
	t.Helper()
	ours, theirs := pipe(t)
	c := h2.NewClientConn(ours, false, o, nil)
	var both sync.WaitGroup
	both.Go(func() { c.Run() })
	both.Go(func() { serve(theirs) })
	t.Cleanup(func() {
		ours.Close()
		theirs.Close()
		both.Wait()
	})
	return c
}

// ask makes a request's head.
func ask(method, path string, length int64, fields ...string) *wire.Request {
	r := &wire.Request{Method: []byte(method), Authority: []byte("h"), Path: []byte(path), Length: length, TrailersAccepted: true}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], []byte(fields[i+1]))
	}
	return r
}

// roundTrip sends a request and returns its response in a form to compare.
func roundTrip(t testing.TB, c *h2.ClientConn, r *wire.Request, body []byte) (string, error) {
	t.Helper()
	s := c.Open()
	if s == nil {
		return "", errors.New("no stream")
	}
	defer s.Leave()
	if err := s.WriteRequest(r); err != nil {
		return "", err
	}
	sent := make(chan error, 1)
	go func() {
		err := s.WriteBody(body)
		if err == nil {
			err = s.Finish(nil)
		}
		sent <- err
	}()
	defer func() { <-sent }()
	defer s.Reset(h2.Cancel)
	var out strings.Builder
	var resp wire.Response
	for resp.Status < 200 {
		if err := s.ReadResponse(&resp); err != nil {
			return out.String(), err
		}
		fmt.Fprintf(&out, "%d ", resp.Status)
	}
	got, err := io.ReadAll(s)
	if len(got) > 100 {
		fmt.Fprintf(&out, "%d bytes same=%v", len(got), bytes.Equal(got, body))
	} else {
		out.Write(got)
	}
	if tr := s.Trailer(); tr != nil {
		for _, f := range tr.Fields() {
			fmt.Fprintf(&out, " %s=%s", f.Name, f.Value)
		}
	}
	return out.String(), err
}

// serveGo serves a connection with the server of x/net.
func serveGo(nc net.Conn) {
	new(http2.Server).ServeConn(nc, &http2.ServeConnOpts{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/early":
			w.WriteHeader(413)
			return
		case "/hints":
			w.Header().Set("Link", "</a>")
			w.WriteHeader(103)
		case "/empty":
			w.WriteHeader(204)
			return
		case "/abort":
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("X-Seen", r.Header.Get("X-Ask"))
		n, _ := io.Copy(w, r.Body)
		w.Header().Set("X-Sum", fmt.Sprintf("%s?%s/%s/%d/%s", r.URL.Path, r.URL.RawQuery, r.Header.Get("Te"), n, r.Header.Get("X-Ask")))
	})})
}

func TestClientSpeaksWithAnotherServer(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 40<<10)
	query := ask("GET", "/q", 0, "X-Ask", "now")
	query.Query, query.HasQuery = []byte("a=b"), true
	for name, c := range map[string]struct {
		req  *wire.Request
		body []byte
		want string
		err  error
	}{
		"a request without a body":              {query, nil, "200  x-sum=/q?a=b/trailers/0/now", nil},
		"a body of known length":                {ask("POST", "/", 5), []byte("hello"), "200 hello x-sum=/?/trailers/5/", nil},
		"a body of unknown length":              {ask("PUT", "/", -1), []byte("hello"), "200 hello x-sum=/?/trailers/5/", nil},
		"a body larger than all windows":        {ask("POST", "/", -1), large, "200 655360 bytes same=true x-sum=/?/trailers/655360/", nil},
		"an informational response":             {ask("GET", "/hints", 0), nil, "103 200  x-sum=/hints?/trailers/0/", nil},
		"HEAD":                                  {ask("HEAD", "/", 0), nil, "200 ", nil},
		"no content":                            {ask("GET", "/empty", 0), nil, "204 ", nil},
		"an answer before the body was read":    {ask("POST", "/early", int64(len(large))), large, "413 ", nil},
		"a stream that is reset":                {ask("GET", "/abort", 0), nil, "200 ", h2.ErrReset},
		"a switch of protocols":                 {&wire.Request{Method: []byte("GET"), Path: []byte("/"), Upgrade: []byte("websocket")}, nil, "", h2.ErrUpgrade},
		"a field that must not be written":      {ask("GET", "/", 0, "X-A", "b\r\nc"), nil, "", h2.ErrInvalidHead},
		"a field name that must not be written": {ask("GET", "/", 0, "X A", "b"), nil, "", h2.ErrInvalidHead},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dialEndpoint(t, nil, serveGo)
			got, err := roundTrip(t, conn, c.req, c.body)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q and %v, want %q and %v", got, err, c.want, c.err)
			}
			if got, err := roundTrip(t, conn, ask("GET", "/next", 0), nil); err != nil || got != "200  x-sum=/next?/trailers/0/" {
				t.Errorf("the next request of the connection gets %q and %v", got, err)
			}
		})
	}
}

func TestClientSendsManyRequestsAtOnce(t *testing.T) {
	conn := dialEndpoint(t, nil, serveGo)
	body := bytes.Repeat([]byte("x"), 200<<10)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			got, err := roundTrip(t, conn, ask("POST", fmt.Sprintf("/%d", i), -1), body)
			if want := fmt.Sprintf("200 204800 bytes same=true x-sum=/%d?/trailers/204800/", i); got != want || err != nil {
				t.Errorf("got %q and %v, want %q", got, err, want)
			}
		})
	}
	all.Wait()
}

// endpoint speaks frames with our client.
type endpoint struct {
	*http2.Framer
	enc   *hpack.Encoder
	block bytes.Buffer
}

// serveFrames reads the preface and the first request, then calls answer, then reads to the end.
func serveFrames(answer func(*endpoint)) func(net.Conn) {
	return func(nc net.Conn) {
		if _, err := io.ReadFull(nc, make([]byte, len(h2.Preface))); err != nil {
			return
		}
		e := &endpoint{Framer: http2.NewFramer(nc, nc)}
		e.AllowIllegalWrites = true
		e.enc = hpack.NewEncoder(&e.block)
		e.WriteSettings()
		e.await(http2.FrameHeaders)
		answer(e)
		for {
			if _, err := e.ReadFrame(); err != nil {
				return
			}
		}
	}
}

func (e *endpoint) await(kind http2.FrameType) {
	for {
		if f, err := e.ReadFrame(); err != nil || f.Header().Type == kind {
			return
		}
	}
}

func (e *endpoint) head(id uint32, end bool, lines ...string) {
	e.block.Reset()
	for i := 0; i < len(lines); i += 2 {
		e.enc.WriteField(hpack.HeaderField{Name: lines[i], Value: lines[i+1]})
	}
	e.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: e.block.Bytes(), EndHeaders: true, EndStream: end})
}

func TestClientJudgesEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*endpoint)
		want   string
		err    error
	}{
		"a response":                        {func(e *endpoint) { e.head(1, true, ":status", "200") }, "200 ", nil},
		"a refused stream":                  {func(e *endpoint) { e.WriteRSTStream(1, http2.ErrCodeRefusedStream) }, "", h2.ErrRefused},
		"a stream above the last one":       {func(e *endpoint) { e.WriteGoAway(0, 0, nil) }, "", h2.ErrRefused},
		"a stream up to the last one":       {func(e *endpoint) { e.WriteGoAway(1, 0, nil); e.head(1, true, ":status", "200") }, "200 ", nil},
		"a reset":                           {func(e *endpoint) { e.WriteRSTStream(1, http2.ErrCodeInternal) }, "", h2.ErrReset},
		"a reset behind all of a response":  {func(e *endpoint) { e.head(1, true, ":status", "200"); e.WriteRSTStream(1, 0) }, "200 ", nil},
		"no status":                         {func(e *endpoint) { e.head(1, true, "a", "b") }, "", h2.ErrMalformed},
		"a status of two digits":            {func(e *endpoint) { e.head(1, true, ":status", "20") }, "", h2.ErrMalformed},
		"a status with a sign":              {func(e *endpoint) { e.head(1, true, ":status", "+20") }, "", h2.ErrMalformed},
		"two statuses":                      {func(e *endpoint) { e.head(1, true, ":status", "200", ":status", "200") }, "", h2.ErrMalformed},
		"101":                               {func(e *endpoint) { e.head(1, false, ":status", "101") }, "", h2.ErrMalformed},
		"an informational response as end":  {func(e *endpoint) { e.head(1, true, ":status", "103") }, "", h2.ErrMalformed},
		"a field of a connection":           {func(e *endpoint) { e.head(1, true, ":status", "200", "connection", "close") }, "", h2.ErrMalformed},
		"a pseudo-header field of requests": {func(e *endpoint) { e.head(1, true, ":status", "200", ":path", "/") }, "", h2.ErrMalformed},
		"a name with capitals":              {func(e *endpoint) { e.head(1, true, ":status", "200", "X-A", "b") }, "", h2.ErrMalformed},
		"a value with a line break":         {func(e *endpoint) { e.head(1, true, ":status", "200", "x-a", "b\r\nc") }, "", h2.ErrMalformed},
		"two lengths":                       {func(e *endpoint) { e.head(1, true, ":status", "200", "content-length", "0", "content-length", "0") }, "", h2.ErrMalformed},
		"a body that is too short": {func(e *endpoint) {
			e.head(1, false, ":status", "200", "content-length", "2")
			e.WriteData(1, true, []byte("a"))
		}, "200 ", h2.ErrMalformed},
		"a body that is too long": {func(e *endpoint) {
			e.head(1, false, ":status", "200", "content-length", "1")
			e.WriteData(1, true, []byte("ab"))
		}, "200 ", h2.ErrMalformed},
		"a body where none can be": {func(e *endpoint) { e.head(1, false, ":status", "204"); e.WriteData(1, true, []byte("ab")) }, "204 ", h2.ErrMalformed},
		"a body before the head":   {func(e *endpoint) { e.WriteData(1, true, []byte("ab")) }, "", h2.ErrMalformed},
		"informational responses for ever": {func(e *endpoint) {
			for range 100 {
				e.head(1, false, ":status", "103")
			}
		}, "103", h2.ErrMalformed},
		"a head that is too large":          {func(e *endpoint) { e.head(1, true, ":status", "200", "x", strings.Repeat("a", 80<<10)) }, "", h2.ErrClosed},
		"a response on a stream not opened": {func(e *endpoint) { e.head(3, true, ":status", "200") }, "", h2.ErrClosed},
		"a pushed request": {func(e *endpoint) {
			e.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true})
		}, "", h2.ErrClosed},
		"a stream of its own":      {func(e *endpoint) { e.head(2, true, ":status", "200") }, "", h2.ErrClosed},
		"SETTINGS that allow push": {func(e *endpoint) { e.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 1}) }, "", h2.ErrClosed},
		"a flood of pings": {func(e *endpoint) {
			for range 2000 {
				e.WritePing(false, [8]byte{})
			}
		}, "", h2.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dialEndpoint(t, nil, serveFrames(c.answer))
			got, err := roundTrip(t, conn, ask("GET", "/", 0), nil)
			if len(got) > 4 {
				got = got[:3] // How many informational responses are read before the reset is not said.
			}
			if got != c.want && (got != "" || c.want != "103") || !errors.Is(err, c.err) {
				t.Errorf("got %q and %v, want %q and %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestClientKeepsToTheEndpointsNumberOfStreams(t *testing.T) {
	conn := dialEndpoint(t, nil, serveFrames(func(e *endpoint) {
		e.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 2})
		e.head(1, true, ":status", "200")
	}))
	if got, err := roundTrip(t, conn, ask("GET", "/", 0), nil); got != "200 " || err != nil {
		t.Fatalf("got %q and %v", got, err)
	}
	a, b := conn.Open(), conn.Open()
	if a == nil || b == nil {
		t.Fatal("two streams are allowed")
	}
	if conn.Open() != nil {
		t.Error("a third stream was opened")
	}
	a.Leave()
	if a = conn.Open(); a == nil {
		t.Error("no stream in the place of one that has ended")
	}
	conn.Retire()
	if conn.Usable() || conn.Open() != nil {
		t.Error("a retired connection takes streams")
	}
	a.Leave()
	b.Leave()
}

// FuzzEndpoint has a client read whatever an endpoint sends.
func FuzzEndpoint(f *testing.F) {
	for _, answer := range []func(*endpoint){
		func(e *endpoint) { e.head(1, true, ":status", "200") },
		func(e *endpoint) {
			e.head(1, false, ":status", "103", "link", "a")
			e.head(1, false, ":status", "200", "content-length", "5")
			e.WriteDataPadded(1, false, []byte("hello"), make([]byte, 3))
			e.head(1, true, "grpc-status", "0")
		},
		func(e *endpoint) { e.WriteGoAway(0, 0, nil); e.WriteRSTStream(1, 7) },
	} {
		var b bytes.Buffer
		e := &endpoint{Framer: http2.NewFramer(&b, nil)}
		e.enc = hpack.NewEncoder(&e.block)
		e.WriteSettings(http2.Setting{ID: 3, Val: 2}, http2.Setting{ID: 4, Val: 100})
		answer(e)
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, frames []byte) {
		conn := h2.NewClientConn(&played{in: bytes.NewReader(frames)}, true, nil, nil)
		s := conn.Open()
		if err := s.WriteRequest(ask("POST", "/", 3)); err != nil {
			t.Fatal(err)
		}
		s.WriteBody([]byte("abc"))
		if err := s.Finish(nil); err != nil {
			t.Fatal(err)
		}
		conn.Run()
		var resp wire.Response
		for resp.Status < 200 {
			if s.ReadResponse(&resp) != nil {
				break
			}
		}
		io.Copy(io.Discard, s)
		s.Leave()
	})
}

func TestClientSendsTrailers(t *testing.T) {
	conn := dialEndpoint(t, nil, func(nc net.Conn) { h2.NewConn(nc, nil, nil).Serve(mirror) })
	s := conn.Open()
	defer s.Leave()
	if err := s.WriteRequest(ask("POST", "/", -1)); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteBody([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	var trailer wire.Header
	trailer.Add("X-End", []byte("yes"))
	if err := s.Finish(&trailer); err != nil {
		t.Fatal(err)
	}
	var resp wire.Response
	if err := s.ReadResponse(&resp); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(s)
	if err != nil || string(got) != "hello" || string(s.Trailer().Get("X-End")) != "yes" {
		t.Errorf("got %q, %v and the trailer %v", got, err, s.Trailer())
	}
}
