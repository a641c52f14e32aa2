package proxy_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
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

func TestHTTP3WebSocket(t *testing.T) {
	k, client := startHTTP3(t, proxytest.Options{})
	heads := make(chan string, 1)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		head, err := proxytest.ReadHead(r)
		if err != nil {
			return
		}
		heads <- head
		io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "+acceptOf(head)+"\r\n\r\n")
		io.Copy(nc, r) // It says again what it hears, to the end.
	}))
	conn, err := client.Dial(t.Context(), "", client.TLSClientConfig, nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.NewClientConn(conn).OpenRequestStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodConnect, "https://h/chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Proto = "websocket"
	if err := stream.SendRequestHeader(req); err != nil {
		t.Fatal(err)
	}
	resp, err := stream.ReadResponse()
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("got %v, %v", resp, err)
	}
	if head := <-heads; !strings.HasPrefix(head, "GET /chat HTTP/1.1\r\n") || !strings.Contains(head, "Upgrade: websocket\r\n") {
		t.Errorf("the endpoint got\n%s", head)
	}
	want := strings.Repeat("0123456789", 20000)
	go func() {
		io.WriteString(stream, want)
		stream.Close()
	}()
	if got, err := io.ReadAll(stream); err != nil || string(got) != want {
		t.Errorf("%d bytes came back of %d: %v", len(got), len(want), err)
	}
	if entry := k.Log(1)[0]; entry["status"] != float64(200) || entry["protocol"] != "HTTP/3" {
		t.Errorf("the access log says %v", entry)
	}
}

// acceptOf proves that a handshake of WebSocket was understood (RFC 6455 section 4.2.2).
func acceptOf(head string) string {
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		return err.Error()
	}
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestHTTP3ServesWhatTheListenerMayServe(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	c.Certificates = []ir.Certificate{certificate(t, "ns/one", "one.example"), certificate(t, "ns/two", "two.example")}
	l := &c.Listeners[1]
	l.RouteSet, l.Scopes = "", []ir.Scope{{Host: "", RouteSet: "all"}}
	l.TLS.Default = "ns/one"
	l.TLS.Bindings = []ir.TLSBinding{{Host: "one.example", Certificates: []string{"ns/one"}}, {Host: "two.example", Certificates: []string{"ns/two"}}}
	l.Streams = []ir.Stream{{ID: "pass", Host: "pass.example", Backends: []ir.WeightedUpstream{{Upstream: "app", Weight: 1}}}}
	k.Serve(c)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	to := k.HTTP3(ir.ListenerHTTPS)
	config := func(name string) *tls.Config { return &tls.Config{InsecureSkipVerify: true, ServerName: name} }
	if _, err := tryHTTP3(t, k, to, config("Pass.example")); err == nil {
		t.Error("a name whose connections are passed on was served")
	}
	old := config("one.example")
	old.MaxVersion = tls.VersionTLS12
	if _, err := tryHTTP3(t, k, to, old); err == nil {
		t.Error("TLS 1.2 was served")
	}
	client := http3Client(t, k, to)
	conn := dialHTTP3(t, k, to, config("one.example"))
	if name := conn.ConnectionState().TLS.PeerCertificates[0].Subject.CommonName; name != "ns/one" {
		t.Errorf("the certificate is %s", name)
	}
	one := client.NewClientConn(conn)
	for host, want := range map[string]int{"one.example": 200, "two.example": 421} {
		req, err := http.NewRequest(http.MethodGet, "https://"+host+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := one.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", host, resp.StatusCode, want)
		}
	}
}

func TestHTTP3TakesPartInShuttingDown(t *testing.T) {
	k, client := startHTTP3(t, proxytest.Options{Proxy: proxy.Options{Timeouts: proxy.Timeouts{DrainIdle: time.Hour}}})
	began, release := make(chan struct{}), make(chan struct{})
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		if _, err := proxytest.ReadHead(r); err != nil {
			return
		}
		close(began)
		<-release
		io.WriteString(nc, okResponse)
	}))
	answered := make(chan error, 1)
	go func() {
		req, _ := http.NewRequest(http.MethodGet, "https://h/", nil)
		resp, err := client.RoundTrip(req)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
		}
		answered <- err
	}()
	<-began
	ended := make(chan error, 1)
	go func() { ended <- k.Proxy.Shutdown(t.Context()) }()
	close(release)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	client.Close() // As a client does that has all it asked for.
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestHTTP3TakesNoEarlyData comes back with a ticket and offers what could be replayed.
func TestHTTP3TakesNoEarlyData(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	c.Certificates = []ir.Certificate{certificate(t, "ns/one", "h")}
	c.Listeners[1].TLS.Default = "ns/one"
	k.Serve(c)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	to := net.UDPAddrFromAddrPort(k.HTTP3(ir.ListenerHTTPS))
	config := &tls.Config{InsecureSkipVerify: true, ServerName: "h", NextProtos: []string{"h3"}, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	var resumed bool
	for range 2 {
		pc, err := k.Network.ListenPacket()
		if err != nil {
			t.Fatal(err)
		}
		transport := &quic.Transport{Conn: pc}
		conn, err := transport.DialEarly(t.Context(), to, config, &quic.Config{})
		if err != nil {
			t.Fatal(err)
		}
		client := &http3.Transport{}
		req, err := http.NewRequest(http3.MethodGet0RTT, "https://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.NewClientConn(conn).RoundTrip(req)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("got %v, %v", resp, err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Error(err)
		}
		state := conn.ConnectionState()
		if state.Used0RTT {
			t.Error("early data was taken")
		}
		resumed = state.TLS.DidResume
		conn.CloseWithError(0x100, "")
		client.Close()
		transport.Close()
		pc.Close()
	}
	if !resumed {
		t.Error("the ticket was not taken, so that nothing is shown")
	}
}

// TestHTTP3IsNotOfferedByWhoDrains asks over TCP.
func TestHTTP3IsNotOfferedByWhoDrains(t *testing.T) {
	k, client := startHTTP3(t, proxytest.Options{})
	k.SetEndpoints(k.Repeats(nil, okResponse))
	req, err := http.NewRequest(http.MethodGet, "https://h/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := client.RoundTrip(req); err != nil || resp.StatusCode != 200 { // It is served from now on at the latest.
		t.Fatalf("got %v, %v", resp, err)
	}
	for _, drains := range []bool{false, true} {
		if drains {
			k.Proxy.PrepareDrain()
		}
		resp, err := http2Client(t, k).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if offered := resp.Header.Get("Alt-Svc") != ""; offered == drains {
			t.Errorf("with drain %v: Alt-Svc is %q", drains, resp.Header.Get("Alt-Svc"))
		}
	}
}
