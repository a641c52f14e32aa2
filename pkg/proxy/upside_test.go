package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// startHTTP2 starts a proxy with endpoints of which answer serves the requests by frames; n counts them.
func startHTTP2(t *testing.T, answer func(f *http2.Framer, id uint32, n int)) (*proxytest.Kit, *proxytest.Endpoint) {
	t.Helper()
	k := proxytest.Start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}})
	c, _ := proxytest.Config()
	c.Upstreams[0].Protocol = ir.UpstreamHTTP2
	k.Serve(c)
	var n atomic.Int64
	e := k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		if _, err := io.ReadFull(r, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(nc, r)
		f.WriteSettings()
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if frame.Header().Type == http2.FrameHeaders {
				answer(f, frame.Header().StreamID, int(n.Add(1)))
			}
		}
	})
	k.SetEndpoints(e)
	return k, e
}

// status200 is a field section.
var status200 = []byte{0x88}

func ok200(f *http2.Framer, id uint32) {
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: status200, EndHeaders: true, EndStream: true})
}

func TestWhatAnEndpointHasNotLookedAtIsSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		answer      func(f *http2.Framer, id uint32, n int)
		method      string
		want        string
		connections int
	}{
		"GOAWAY": {func(f *http2.Framer, id uint32, n int) {
			if n == 1 {
				f.WriteGoAway(0, http2.ErrCodeNo, nil)
			} else {
				ok200(f, id)
			}
		}, "POST", "200", 2},
		"REFUSED_STREAM": {func(f *http2.Framer, id uint32, n int) {
			if n == 1 {
				f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
			} else {
				ok200(f, id)
			}
		}, "POST", "200", 1},
		"REFUSED_STREAM for ever": {func(f *http2.Framer, id uint32, _ int) {
			f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
		}, "POST", "502 endpoint_refused", 1},
		"a reset of what is safe to send again": {func(f *http2.Framer, id uint32, n int) {
			if n == 1 {
				f.WriteRSTStream(id, http2.ErrCodeInternal)
			} else {
				ok200(f, id)
			}
		}, "GET", "200", 1},
		"a reset of what may have been done": {func(f *http2.Framer, id uint32, _ int) {
			f.WriteRSTStream(id, http2.ErrCodeInternal)
		}, "POST", "502 endpoint_closed", 1},
		"a broken response": {func(f *http2.Framer, id uint32, _ int) {
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0x82}, EndHeaders: true, EndStream: true})
		}, "GET", "502 endpoint_invalid_response", 1},
	} {
		t.Run(name, func(t *testing.T) {
			k, e := startHTTP2(t, c.answer)
			req, err := http.NewRequest(c.method, "http://h/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := clearHTTP2(t, k).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			got := strings.TrimSpace(resp.Status[:3] + " " + resp.Header.Get("X-Sluice-Reason"))
			if got != c.want || e.Accepted() != c.connections {
				t.Errorf("got %q over %d connections, want %q over %d", got, e.Accepted(), c.want, c.connections)
			}
		})
	}
}

func TestTheHeadThatAnHTTP2EndpointGets(t *testing.T) {
	heads := make(chan map[string]string, 1)
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	c.Upstreams[0].Protocol = ir.UpstreamHTTP2
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		io.ReadFull(r, make([]byte, len(http2.ClientPreface)))
		f := http2.NewFramer(nc, r)
		f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		f.WriteSettings()
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if h, is := frame.(*http2.MetaHeadersFrame); is {
				head := make(map[string]string)
				for _, line := range h.Fields {
					head[line.Name] += line.Value
				}
				heads <- head
				ok200(f, h.StreamID)
			}
		}
	}))
	k.Send("GET /a/./b?c=d HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: X-Hop, TE\r\nX-Hop: 1\r\nX-A: 1\r\nKeep-Alive: 1\r\n\r\n")
	head := <-heads
	for name, want := range map[string]string{
		":method": "GET", ":scheme": "http", ":path": "/a/b?c=d", ":authority": "h", "te": "trailers", "x-a": "1", "x-forwarded-proto": "http",
		"connection": "", "x-hop": "", "keep-alive": "", "host": "", "content-length": "",
	} {
		if got, there := head[name]; got != want || there != (want != "") {
			t.Errorf("%s is %q", name, got)
		}
	}
}

func TestAnAnswerBeforeTheEndOfAHeldBodyIsPassedOn(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	c.Upstreams[0].Protocol = ir.UpstreamHTTP2
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		io.ReadFull(r, make([]byte, len(http2.ClientPreface)))
		f := http2.NewFramer(nc, r)
		f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1})
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if d, is := frame.(*http2.DataFrame); is && len(d.Data()) > 0 {
				ok200(f, d.StreamID)
				f.WriteRSTStream(d.StreamID, http2.ErrCodeNo)
			}
		}
	}))
	// The second request finds the window of one byte that the first one was told of.
	for range 2 {
		got := k.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nConnection: close\r\n\r\n123456789")
		if !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("got %q", got)
		}
	}
}
