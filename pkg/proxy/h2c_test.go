package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// clearHTTP2 returns a client that speaks HTTP/2 without TLS with the proxy.
func clearHTTP2(t *testing.T, k *proxytest.Kit) *http2.Transport {
	t.Helper()
	client := &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) {
			return k.Network.Dial(ctx, k.Address(ir.ListenerHTTP))
		},
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestHTTP2WithoutTLS(t *testing.T) {
	for name, c := range map[string]struct {
		mode         proxy.H2C
		http2, http1 bool
	}{
		"by default beside HTTP/1.1": {http2: true, http1: true},
		"off":                        {mode: proxy.H2COff, http1: true},
		"alone":                      {mode: proxy.H2COnly, http2: true},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Proxy: proxy.Options{H2C: c.mode}}, nil)
			heads := make(chan string, 2)
			k.SetEndpoints(k.Repeats(heads, okResponse))
			if err := ask(clearHTTP2(t, k), http.MethodGet, "http://h/", ""); (err == nil) != c.http2 {
				t.Errorf("HTTP/2 ends with %v", err)
			}
			if c.http2 {
				if head := <-heads; !strings.Contains(head, "X-Forwarded-Proto: http\r\n") {
					t.Errorf("the endpoint saw %q", head)
				}
			}
			if got := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); strings.HasPrefix(got, "HTTP/1.1 200") != c.http1 {
				t.Errorf("HTTP/1.1 gets %q", got)
			}
		})
	}
}

// TestPrefacesInPieces sends what tells HTTP/2 from HTTP/1.1 byte by byte.
func TestPrefacesInPieces(t *testing.T) {
	for name, c := range map[string]struct{ sent, gets string }{
		"of HTTP/2":                {http2.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "\x00\x00\x18\x04"},
		"of a method like it":      {"PRI / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
		"of the version before it": {"PRI * HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		"of a short method":        {"P / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, nil)
				k.SetEndpoints(k.Repeats(nil, okResponse))
				nc := k.Dial(ir.ListenerHTTP)
				for i := range len(c.sent) {
					io.WriteString(nc, c.sent[i:i+1])
					synctest.Wait()
				}
				got := make([]byte, len(c.gets))
				if _, err := io.ReadFull(nc, got); err != nil || string(got) != c.gets {
					t.Errorf("got %q, %v", got, err)
				}
				nc.Close()
				synctest.Wait()
			})
		})
	}
}

func TestAPrefaceThatStopsIsNotWaitedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{Proxy: proxy.Options{Timeouts: proxy.Timeouts{Head: 2 * time.Second}}}, nil)
		nc := k.Dial(ir.ListenerHTTP)
		began := time.Now()
		for _, piece := range []string{"P", "R", "I"} {
			io.WriteString(nc, piece)
			time.Sleep(time.Second)
		}
		if _, err := bufio.NewReader(nc).ReadByte(); err != nil {
			t.Error(err)
		}
		// What is not HTTP/2 by then has the time for a head of HTTP/1.1 once more.
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		if lines := k.Log(1); lines[0]["status"] != 408.0 {
			t.Errorf("logged %v", lines)
		}
	})
}
