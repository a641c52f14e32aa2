package proxy_test

import (
	"bufio"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestHalfAFrameBehindASilence has a client wait longer for its answer than a frame may
// take, and then send a frame in two pieces.
func TestHalfAFrameBehindASilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, nil)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			proxytest.ReadHead(r)
			time.Sleep(20 * time.Second)
			io.WriteString(nc, okResponse)
		}))
		a := newAttacker(k)
		a.open(0, true)
		time.Sleep(15 * time.Second)
		ping := []byte{0, 0, 8, byte(http2.FramePing), 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}
		a.Write(ping[:5])
		time.Sleep(time.Second)
		a.Write(ping[5:])
		for {
			f, err := a.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if g, ok := f.(*http2.GoAwayFrame); ok {
				t.Fatalf("the connection ends: %v", g)
			}
			if f.Header().Type == http2.FrameHeaders {
				break
			}
		}
		a.nc.Close()
	})
}

// TestConnectionsServeAfterASilence has a client and an endpoint of HTTP/2 say nothing for
// longer than a frame may take, on connections that are used again.
func TestConnectionsServeAfterASilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, e := startHTTP2(t, func(f *http2.Framer, id uint32, _ int) { ok200(f, id) })
		a := newAttacker(k)
		for i := range 3 {
			if err := a.open(i, true); err != nil {
				t.Fatal(err)
			}
			for {
				f, err := a.ReadFrame()
				if err != nil {
					t.Fatalf("request %d: %v", i, err)
				}
				if h, ok := f.(*http2.HeadersFrame); ok {
					if string(h.HeaderBlockFragment()[:1]) != string(status200) {
						t.Errorf("request %d: got another status", i)
					}
					break
				}
			}
			time.Sleep(25 * time.Second)
		}
		if n := e.Accepted(); n != 1 {
			t.Errorf("%d connections to the endpoint", n)
		}
		a.nc.Close()
	})
}
