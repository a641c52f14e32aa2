package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

func buffering(r *ir.Route) { r.BufferRequest = true }

// TestABufferedRequestComesAtOnce looks at what the endpoint sees while the body comes.
func TestABufferedRequestComesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{Proxy: proxy.Options{Buffering: proxy.Buffering{Dir: t.TempDir(), Head: 1000}}}, buffering)
		e := k.Endpoint(echo)
		k.SetEndpoints(e)
		nc := k.Dial(ir.ListenerHTTP)
		io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n"+strings.Repeat("x", 5000)+"\r\n")
		synctest.Wait()
		if n := e.Accepted(); n != 0 {
			t.Errorf("%d connections are there before the body is", n)
		}
		io.WriteString(nc, "0\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Fatal(err)
		}
		// The echo has the length that the endpoint was told.
		if body, err := io.ReadAll(resp.Body); err != nil || len(body) != 5000 || resp.ContentLength != 5000 {
			t.Errorf("%d bytes of %d came, %v", len(body), resp.ContentLength, err)
		}
		nc.Close()
	})
}

// TestABufferedRequestIsSentAgain has an endpoint that reads all of the body and closes.
func TestABufferedRequestIsSentAgain(t *testing.T) {
	k := start(t, proxytest.Options{Proxy: proxy.Options{Buffering: proxy.Buffering{Dir: t.TempDir(), Head: 1000}}}, buffering)
	got := make(chan string, 4)
	serve := func(answers bool) *proxytest.Endpoint {
		return k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return
			}
			got <- string(body)
			if answers {
				io.WriteString(nc, okResponse)
			}
		})
	}
	k.SetEndpoints(serve(false), serve(true))
	body := strings.Repeat("some body ", 5000)
	for range 2 { // One of the two meets the endpoint that closes first.
		answer := k.Send("PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 50000\r\n\r\n" + body)
		if !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			t.Errorf("got %q", answer)
		}
	}
	close(got)
	tries := 0
	for one := range got {
		if tries++; one != body {
			t.Errorf("an endpoint got %d bytes", len(one))
		}
	}
	if tries < 3 {
		t.Errorf("there were %d tries", tries)
	}
}

func TestABufferedBodyThatCannotBeKeptIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		buffering proxy.Buffering
		bound     int64
		want      string
		reason    string
	}{
		"too large for the route": {proxy.Buffering{Dir: t.TempDir()}, 10_000, "HTTP/1.1 413 ", "body_too_large"},
		"too large for the disk":  {proxy.Buffering{Dir: t.TempDir(), Head: 1000, MaxDisk: 10_000}, 0, "HTTP/1.1 503 ", "body_buffer_full"},
		"a disk that fails":       {proxy.Buffering{Dir: "/nowhere/to/be/found", Head: 1000}, 0, "HTTP/1.1 500 ", "body_buffer_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Proxy: proxy.Options{Buffering: tt.buffering}}, func(r *ir.Route) {
				r.BufferRequest, r.MaxBodyBytes = true, tt.bound
			})
			e := k.Endpoint(echo)
			k.SetEndpoints(e)
			answer := k.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n" + strings.Repeat("x", 20_000) + "\r\n0\r\n\r\n")
			if !strings.HasPrefix(answer, tt.want) {
				t.Errorf("got %q", answer)
			}
			if line := k.Log(1)[0]; line["reason"] != tt.reason || e.Accepted() != 0 {
				t.Errorf("logged %v after %d connections", line, e.Accepted())
			}
		})
	}
}

// TestTrailersOfABufferedRequestAreForwarded keeps the framing that trailers need.
func TestTrailersOfABufferedRequestAreForwarded(t *testing.T) {
	k := start(t, proxytest.Options{}, buffering)
	got := make(chan http.Header, 1)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		got <- req.Trailer
		io.WriteString(nc, okResponse)
	}))
	k.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n")
	if trailer := <-got; trailer.Get("X-Sum") != "1" {
		t.Errorf("the endpoint got %v", trailer)
	}
}
