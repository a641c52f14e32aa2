package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestWhatIsGivenUpIsCounted brings about each thing that is given up so that others are served, and looks
// for its metric.
func TestWhatIsGivenUpIsCounted(t *testing.T) {
	const shed, answers = "sluice_listener_connections_shed_total", "sluice_answers_total"
	for name, tt := range map[string]struct {
		options proxy.Options
		do      func(t *testing.T, k *proxytest.Kit, m *memory)
		want    []string
	}{
		"an idle connection, for want of memory": {
			do: func(t *testing.T, k *proxytest.Kit, m *memory) {
				nc := k.Dial(ir.ListenerHTTP)
				roundTrip(t, nc, bufio.NewReader(nc))
				m.uses(86)
			},
			want: []string{shed + `{listener="http",reason="idle"} 1`},
		},
		"a new connection, for want of memory": {
			do: func(_ *testing.T, k *proxytest.Kit, m *memory) {
				m.uses(91)
				k.Dial(ir.ListenerHTTP)
			},
			want: []string{shed + `{listener="http",reason="memory"} 1`},
		},
		"a request, for want of memory": {
			do: func(_ *testing.T, k *proxytest.Kit, m *memory) {
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, "GET / HTTP/1.1\r\n") // It is not idle.
				m.uses(96)
				io.WriteString(nc, "Host: h\r\n\r\n")
				io.ReadAll(nc)
			},
			want: []string{answers + `{reason="overloaded"} 1`},
		},
		"an idle connection of a listener that is full": {
			options: proxy.Options{MaxConnections: 2},
			do: func(t *testing.T, k *proxytest.Kit, _ *memory) {
				for range 2 {
					nc := k.Dial(ir.ListenerHTTP)
					roundTrip(t, nc, bufio.NewReader(nc))
				}
			},
			want: []string{shed + `{listener="http",reason="room"} 1`, `sluice_listener_full_total{listener="http"} 1`},
		},
		"a connection of a client that has enough of them": {
			options: proxy.Options{MaxConnectionsPerClient: 1, ProxyProtocol: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
			do: func(t *testing.T, k *proxytest.Kit, _ *memory) {
				const announcement = "PROXY TCP4 192.0.2.1 192.0.2.200 1000 80\r\n"
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, announcement)
				roundTrip(t, nc, bufio.NewReader(nc))
				second := k.Dial(ir.ListenerHTTP)
				io.WriteString(second, announcement)
				io.ReadAll(second)
			},
			want: []string{shed + `{listener="http",reason="client_limit"} 1`},
		},
		"a connection whose client says nothing": {
			do:   func(_ *testing.T, k *proxytest.Kit, _ *memory) { io.ReadAll(k.Dial(ir.ListenerHTTP)) },
			want: []string{shed + `{listener="http",reason="silent"} 1`},
		},
		"a request whose head comes slowly": {
			do: func(_ *testing.T, k *proxytest.Kit, _ *memory) {
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, "GET / HTTP/1.1\r\n")
				io.ReadAll(nc)
			},
			want: []string{answers + `{reason="client_head_timeout"} 1`},
		},
		"a client that takes nothing": {
			do: func(t *testing.T, k *proxytest.Kit, _ *memory) {
				k.SetEndpoints(k.Repeats(nil, "HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n"+strings.Repeat("x", 50_000_000)))
				io.WriteString(k.Dial(ir.ListenerHTTP), "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
				time.Sleep(2 * time.Minute)
			},
			want: []string{answers + `{reason="client_write_timeout"} 1`},
		},
		"a body that comes slowly": {
			do: func(_ *testing.T, k *proxytest.Kit, _ *memory) {
				k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }))
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
				io.ReadAll(nc)
			},
			want: []string{answers + `{reason="client_body_timeout"} 1`},
		},
		"a body with many extensions of chunks": {
			do: func(_ *testing.T, k *proxytest.Kit, _ *memory) {
				k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }))
				k.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 2000) + "\r\n")
			},
			want: []string{answers + `{reason="refused_chunk-extension-too-long"} 1`},
		},
		"a header of the PROXY protocol that does not come": {
			options: proxy.Options{ProxyProtocol: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
			do: func(_ *testing.T, k *proxytest.Kit, _ *memory) {
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, "PROXY ")
				io.ReadAll(nc)
			},
			want: []string{`sluice_streams_broken_total{reason="bad_proxy_header"} 1`, `sluice_handshakes{state="computed"} 0`, `sluice_handshakes{state="waiting"} 0`},
		},
		"a request whose head is too large": {
			do: func(_ *testing.T, k *proxytest.Kit, _ *memory) {
				k.Send("GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("v", 65<<10) + "\r\n\r\n")
			},
			want: []string{answers + `{reason="refused_head-too-large"} 1`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				counted, m := metrics.New(), newMemory()
				tt.options.Metrics, tt.options.Pressure = counted, m.monitor
				k := start(t, proxytest.Options{Proxy: tt.options}, nil)
				m.watch(t, k)
				k.SetEndpoints(k.Repeats(nil, okResponse))
				tt.do(t, k, m)
				time.Sleep(time.Second)
				synctest.Wait()
				scrape := httptest.NewRecorder()
				counted.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
				for _, want := range tt.want {
					if !strings.Contains(scrape.Body.String(), want+"\n") {
						t.Errorf("no %s in\n%s", want, grep(scrape.Body.String(), shed, answers, "_full_"))
					}
				}
			})
		})
	}
}

// grep returns the lines that hold one of the words.
func grep(text string, words ...string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for _, w := range words {
			if strings.Contains(line, w) && !strings.HasPrefix(line, "#") {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}
