package proxy_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// dialHTTP3 makes a connection of QUIC to an address; the test's end closes it.
func dialHTTP3(t *testing.T, k *proxytest.Kit, to netip.AddrPort, config *tls.Config) *quic.Conn {
	t.Helper()
	conn, err := tryHTTP3(t, k, to, config)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func tryHTTP3(t *testing.T, k *proxytest.Kit, to netip.AddrPort, config *tls.Config) (*quic.Conn, error) {
	t.Helper()
	pc, err := k.Network.ListenPacket()
	if err != nil {
		t.Fatal(err)
	}
	transport := &quic.Transport{Conn: pc}
	t.Cleanup(func() {
		transport.Close()
		pc.Close()
	})
	config = config.Clone()
	config.NextProtos = []string{"h3"}
	conn, err := transport.Dial(t.Context(), net.UDPAddrFromAddrPort(to), config, &quic.Config{EnableStreamResetPartialDelivery: true})
	if err == nil {
		t.Cleanup(func() { conn.CloseWithError(0x100, "") })
	}
	return conn, err
}

// http3Client is quic-go's client of an address.
func http3Client(t *testing.T, k *proxytest.Kit, to netip.AddrPort) *http3.Transport {
	t.Helper()
	client := &http3.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		Dial: func(_ context.Context, _ string, config *tls.Config, _ *quic.Config) (*quic.Conn, error) {
			return dialHTTP3(t, k, to, config), nil
		},
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// startHTTP3 starts a proxy whose listener "https" speaks HTTP/3, too.
func startHTTP3(t *testing.T, o proxytest.Options) (*proxytest.Kit, *http3.Transport) {
	t.Helper()
	k := proxytest.Start(t, o)
	c, _ := proxytest.Config()
	c.Certificates = []ir.Certificate{certificate(t, "ns/one", "h")}
	c.Listeners[1].TLS.Default = "ns/one"
	k.Serve(c)
	return k, http3Client(t, k, k.HTTP3(ir.ListenerHTTPS))
}

func TestHTTP3(t *testing.T) {
	k, client := startHTTP3(t, proxytest.Options{})
	heads := make(chan string, 1)
	k.SetEndpoints(k.Repeats(heads, "HTTP/1.1 200 OK\r\n"+date+"X-A: 1\r\nX-A: 2\r\nConnection: X-Hop\r\nX-Hop: 1\r\nAlt-Svc: clear\r\nContent-Length: 2\r\n\r\nok"))
	req, err := http.NewRequest(http.MethodGet, "https://h/a/../b?c=d", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"X-Forwarded-For": {"1.2.3.4"}, "X_bad": {"x"}, "Cookie": {"a=1; b=2"}, "Te": {"trailers"}}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != "ok" {
		t.Errorf("got %q and %v", body, err)
	}
	if diff := cmp.Diff([]string{"1", "2"}, resp.Header["X-A"]); diff != "" || resp.Header.Get("X-Hop") != "" || resp.Header.Get("Alt-Svc") != "clear" {
		t.Errorf("got %v %s", resp.Header, diff)
	}
	head := <-heads
	for _, want := range []string{"GET /b?c=d HTTP/1.1\r\n", "cookie: a=1; b=2\r\n", "X-Forwarded-Proto: https\r\n", "TE: trailers\r\n", "Host: h\r\n"} {
		if !strings.Contains(head, want) {
			t.Errorf("the endpoint got\n%swithout %q", head, want)
		}
	}
	if strings.Contains(head, "1.2.3.4") || strings.Contains(head, "x_bad") {
		t.Errorf("the endpoint got\n%s", head)
	}
	entry := k.Log(1)[0]
	if entry["protocol"] != "HTTP/3" || entry["tls"] != "1.3" || entry["status"] != float64(200) {
		t.Errorf("the access log says %v", entry)
	}
}
