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

func TestUpgradeToHTTP2(t *testing.T) {
	const settings = "HTTP2-Settings: AAMAAABkAAQAAP__\r\n"
	for name, c := range map[string]struct {
		mode   proxy.H2C
		fields string
		// switches says that HTTP/2 follows.
		switches bool
	}{
		"that is allowed":            {proxy.H2CUpgrade, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" + settings, true},
		"that is not":                {proxy.H2CPriorKnowledge, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" + settings, false},
		"without settings":           {proxy.H2CUpgrade, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", false},
		"with settings twice":        {proxy.H2CUpgrade, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" + settings + settings, false},
		"with settings of odd size":  {proxy.H2CUpgrade, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n", false},
		"with a setting that is bad": {proxy.H2CUpgrade, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAIAAAAC\r\n", false},
		"with settings unnamed":      {proxy.H2CUpgrade, "Connection: Upgrade\r\nUpgrade: h2c\r\n" + settings, false},
		"among others":               {proxy.H2CUpgrade, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, x\r\n" + settings, false},
		"with a body":                {proxy.H2CUpgrade, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 1\r\n" + settings, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Proxy: proxy.Options{H2C: c.mode}}, nil)
			heads := make(chan string, 2)
			k.SetEndpoints(k.Repeats(heads, okResponse))
			nc := k.Dial(ir.ListenerHTTP)
			request := "GET /a?b HTTP/1.1\r\nHost: h\r\n" + c.fields + "X: y\r\n\r\n"
			if strings.Contains(c.fields, "Length") {
				request += "x"
			}
			io.WriteString(nc, request)
			r := bufio.NewReader(nc)
			head, err := proxytest.ReadHead(r)
			if err != nil {
				t.Fatal(err)
			}
			if !c.switches {
				if !strings.HasPrefix(head, "HTTP/1.1 200 OK\r\n") {
					t.Errorf("got %q", head)
				}
				return
			}
			if head != "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" {
				t.Fatalf("got %q", head)
			}
			f := http2.NewFramer(nc, r)
			io.WriteString(nc, http2.ClientPreface)
			f.WriteSettings()
			body := ""
			for {
				frame, err := f.ReadFrame()
				if err != nil {
					t.Fatal(err)
				}
				if data, ok := frame.(*http2.DataFrame); ok && data.StreamID == 1 {
					body += string(data.Data())
					if data.StreamEnded() {
						break
					}
				}
			}
			if seen := <-heads; body != "ok" || !strings.HasPrefix(seen, "GET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n") || strings.Contains(seen, "pgrade") {
				t.Errorf("got %q, the endpoint saw %q", body, seen)
			}
			if line := k.Log(1)[0]; line["protocol"] != "HTTP/2" || line["status"] != 200.0 {
				t.Errorf("logged %v", line)
			}
		})
	}
}
