package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// askSecure gets / from a port of loopback, without a look at its certificate.
func askSecure(t *testing.T, client http.RoundTripper, port uint16) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d/", port), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestHTTP3IsServedBesideHTTPS(t *testing.T) {
	a := newApp(t, func(o *Options) { o.HTTP3 = true })
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	defer a.Stop(t.Context())
	if a.HTTP3.(*net.UDPAddr).Port != a.HTTPS.(*net.TCPAddr).Port {
		t.Errorf("HTTP/3 is at %s, HTTPS at %s", a.HTTP3, a.HTTPS)
	}
	port := freePort(t)
	l, routes := gatewayListener("one", port, "one")
	l.Protocol, l.HTTP3, l.HTTP3Port = ir.HTTPS, true, port
	own := ir.Listener{Name: ir.ListenerHTTPS, Protocol: ir.HTTPS, HTTP3: true, RouteSet: "one"}
	both := &ir.Config{Listeners: []ir.Listener{l, own}, RouteSets: []ir.RouteSet{routes}}
	if facts := serveConfig(a, both); facts.Len() != 0 {
		t.Fatal(facts.All())
	}
	for _, port := range []uint16{port, portOf(a.HTTPS)} {
		client := &http3.Transport{TLSClientConfig: insecure()}
		resp, body := askSecure(t, client, port)
		if resp.ProtoMajor != 3 || body != "one" || resp.Header.Get("Alt-Svc") != "" {
			t.Errorf("over HTTP/3: %v, %q", resp, body)
		}
		client.Close()
		for _, http2 := range []bool{true, false} {
			tcp := &http.Transport{TLSClientConfig: insecure(), ForceAttemptHTTP2: http2}
			resp, body = askSecure(t, tcp, port)
			if want := fmt.Sprintf(`h3=":%d"; ma=86400`, port); body != "one" || resp.Header.Get("Alt-Svc") != want {
				t.Errorf("over TCP: %q, %q", body, resp.Header.Get("Alt-Svc"))
			}
			tcp.CloseIdleConnections()
		}
	}

	// The listener goes on without HTTP/3, and its clients are told so.
	l.HTTP3, l.HTTP3Port = false, 0
	client := &http3.Transport{TLSClientConfig: insecure()}
	defer client.Close()
	askSecure(t, client, port)
	if facts := serveConfig(a, &ir.Config{Listeners: []ir.Listener{l, own}, RouteSets: []ir.RouteSet{routes}}); facts.Len() != 0 {
		t.Fatal(facts.All())
	}
	tcp := &http.Transport{TLSClientConfig: insecure()}
	defer tcp.CloseIdleConnections()
	for { // What serves finds out that its socket is closed.
		if resp, _ := askSecure(t, tcp, port); resp.Header.Get("Alt-Svc") == "" {
			break
		}
	}
	config := insecure()
	config.NextProtos = []string{"h3"}
	if conn, err := quic.DialAddr(t.Context(), fmt.Sprintf("127.0.0.1:%d", port), config, &quic.Config{HandshakeIdleTimeout: 100 * time.Millisecond}); err == nil {
		conn.CloseWithError(0, "")
		t.Error("the port still serves HTTP/3")
	}
}

func TestAUDPPortThatCannotBeOpenedLeavesHTTPSServed(t *testing.T) {
	a := newApp(t, nil)
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	defer a.Stop(t.Context())
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := freePort(t)
	l, routes := gatewayListener("one", port, "one")
	l.Protocol, l.HTTP3, l.HTTP3Port = ir.HTTPS, true, uint16(taken.LocalAddr().(*net.UDPAddr).Port)
	facts := serveConfig(a, &ir.Config{Listeners: []ir.Listener{l}, RouteSets: []ir.RouteSet{routes}}).All()
	if len(facts) != 1 || facts[0].Reason != report.PortUnavailable || facts[0].Severity != report.Warning {
		t.Errorf("reported %v", facts)
	}
	tcp := &http.Transport{TLSClientConfig: insecure()}
	defer tcp.CloseIdleConnections()
	if resp, body := askSecure(t, tcp, port); body != "one" || resp.Header.Get("Alt-Svc") != "" {
		t.Errorf("got %q with %v", body, resp.Header)
	}
}

func TestAUDPPortOfTheProcessThatIsTakenEndsIt(t *testing.T) {
	var a *App
	for range 100 { // A port that is free for TCP and taken for UDP.
		taken, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		a = newApp(t, func(o *Options) {
			o.HTTP3, o.HTTPSAddr = true, taken.LocalAddr().String()
		})
		err = a.Start()
		taken.Close()
		if err == nil {
			t.Fatal("it started")
		}
		var refused *net.OpError
		if errors.As(err, &refused) && refused.Net == "udp" {
			return
		}
	}
	t.Error("the UDP port was never at fault")
}
