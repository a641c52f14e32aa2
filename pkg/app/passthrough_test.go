package app

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
)

// proxyRouteTo returns a ProxyRoute for hosts whose back end is an address; TLS is passed on to it, or ended.
func proxyRouteTo(name, address string, passes bool, hosts ...string) *v1alpha1.ProxyRoute {
	o := &v1alpha1.ProxyRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}}
	o.Spec.Hosts = hosts
	o.Spec.Routes = []v1alpha1.Route{{Backends: []v1alpha1.Backend{{Address: address}}}}
	if passes {
		o.Spec.TLS = &v1alpha1.TLS{Mode: v1alpha1.TLSPassthrough}
	}
	return o
}

// secretBackend is a back end that ends TLS itself, and speaks a protocol that Sluice knows nothing of, too.
func secretBackend(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "secret of "+r.Host)
	}))
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"odd/7": func(_ *http.Server, nc *tls.Conn, _ http.Handler) {
			line, _ := bufio.NewReader(nc).ReadString('\n')
			io.WriteString(nc, "odd "+line)
			nc.Close()
		},
	}
	server.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1", "odd/7"}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// mixed serves hosts of which some are passed on, on one port.
func mixed(t *testing.T) (a *App, secret *httptest.Server) {
	t.Helper()
	secret = secretBackend(t)
	plain := newSlowBackend(t).address.String()
	a = newApp(t, nil)
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(a) })
	a.publisher.publish(snapshotOf(
		proxyRouteTo("passes", secret.Listener.Addr().String(), true, "pass.example.com", "*.deep.example.com", "x-*.example.org"),
		proxyRouteTo("ends", plain, false, "own.example.com", "web.deep.example.com", "*.example.com", "**.example.org"),
		proxyRouteTo("nobody", "127.0.0.1:1", true, "nobody.example.com"),
	), nil)
	return a, secret
}

// overTLS asks over a connection for a server name, by HTTP/1.1.
func overTLS(nc *tls.Conn, host string) (status int, body string, err error) {
	req, err := http.NewRequest(http.MethodGet, "https://"+host+"/", nil)
	if err != nil {
		return 0, "", err
	}
	if err := req.Write(nc); err != nil {
		return 0, "", err
	}
	resp, err := http.ReadResponse(bufio.NewReader(nc), req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func dialTLS(t *testing.T, address net.Addr, name string, protocols ...string) *tls.Conn {
	t.Helper()
	nc, err := tls.Dial("tcp", address.String(), &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: protocols})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return nc
}

func TestTheMostSpecificHostSaysWhereTLSEnds(t *testing.T) {
	a, secret := mixed(t)
	for name, passed := range map[string]bool{
		"pass.example.com": true, "PASS.example.com": true, "any.deep.example.com": true, "x-1.example.org": true,
		"own.example.com": false, "web.deep.example.com": false, "other.example.com": false, "y-1.example.org": false,
	} {
		nc := dialTLS(t, a.HTTPS, name)
		if own := nc.ConnectionState().PeerCertificates[0].Equal(secret.Certificate()); own != passed {
			t.Errorf("%s: the certificate is the back end's: %v", name, own)
		}
		want := "served"
		if passed {
			want = "secret of " + name
		}
		if status, body, err := overTLS(nc, name); err != nil || status != 200 || body != want {
			t.Errorf("%s: got %d %q, %v", name, status, body, err)
		}
	}
	// In clear text those hosts are what other objects make of them.
	want(t, a.HTTP, "pass.example.com", "/", 200, "served")
	if status, _, err := fetch(a.HTTP, "any.deep.example.com", "/"); err != nil || status != 404 {
		t.Errorf("in clear text: %d, %v", status, err)
	}
	if _, text, err := fetch(a.Ops, "", "/metrics"); err != nil ||
		!strings.Contains(text, `sluice_stream_connections_total{kind="ProxyRoute",name="passes",namespace="ns",stream="proxyroute/ns/passes/0/*.deep.example.com"} 1`) {
		t.Errorf("the metrics lack the connections: %v\n%s", err, text)
	}
}

func TestNoRequestGetsToAHostThatIsPassedOnByTheNameOfAnother(t *testing.T) {
	a, _ := mixed(t)
	for name, status := range map[string]int{"own.example.com": 421, "": 404} {
		nc := dialTLS(t, a.HTTPS, name)
		if got, body, err := overTLS(nc, "pass.example.com"); err != nil || got != status {
			t.Errorf("by the name %q: got %d %q, %v; want %d", name, got, body, err, status)
		}
	}
	// Hosts that are served here share a connection as they would without any that is passed on.
	nc := dialTLS(t, a.HTTPS, "own.example.com")
	if got, body, err := overTLS(nc, "other.example.com"); err != nil || got != 200 {
		t.Errorf("got %d %q, %v", got, body, err)
	}
}

func TestProtocolsThatAreNotKnownArePassedOn(t *testing.T) {
	a, _ := mixed(t)
	for protocol, want := range map[string]string{"h2": "h2", "http/1.1": "http/1.1", "odd/7": "odd/7"} {
		nc := dialTLS(t, a.HTTPS, "pass.example.com", protocol)
		if got := nc.ConnectionState().NegotiatedProtocol; got != want {
			t.Errorf("for %s the protocol is %q", protocol, got)
		}
	}
	nc := dialTLS(t, a.HTTPS, "pass.example.com", "odd/7")
	if _, err := io.WriteString(nc, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(nc); err != nil || string(got) != "odd hello\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

// shreds sends the first flight in records of a few bytes each, one after the other.
type shreds struct {
	net.Conn
	begun bool
}

func (s *shreds) Write(p []byte) (int, error) {
	if s.begun {
		return s.Conn.Write(p)
	}
	s.begun = true
	const header, size = 5, 7
	for rest := p[header:]; len(rest) > 0; {
		part := rest[:min(size, len(rest))]
		rest = rest[len(part):]
		record := append([]byte{p[0], p[1], p[2], 0, byte(len(part))}, part...)
		if _, err := s.Conn.Write(record); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func TestAGreetingInShredsIsUnderstood(t *testing.T) {
	a, secret := mixed(t)
	for name, passed := range map[string]bool{"pass.example.com": true, "own.example.com": false} {
		raw, err := net.Dial("tcp", a.HTTPS.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = raw.Close() })
		nc := tls.Client(&shreds{Conn: raw}, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err := nc.Handshake(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if own := nc.ConnectionState().PeerCertificates[0].Equal(secret.Certificate()); own != passed {
			t.Errorf("%s: the certificate is the back end's: %v", name, own)
		}
	}
}

func TestConnectionsThatLeadNowhereAreClosed(t *testing.T) {
	a, _ := mixed(t)
	raw, err := net.Dial("tcp", a.HTTPS.String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	err = tls.Client(raw, &tls.Config{ServerName: "nobody.example.com", InsecureSkipVerify: true}).Handshake()
	var alert tls.AlertError
	if err == nil || errors.As(err, &alert) {
		t.Errorf("it is not closed without a word: %v", err)
	}
}

// TestAChangeCutsNoConnectionThatIsPassedOn takes the object away under a connection.
func TestAChangeCutsNoConnectionThatIsPassedOn(t *testing.T) {
	a, secret := mixed(t)
	nc := dialTLS(t, a.HTTPS, "pass.example.com")
	ask := func() {
		t.Helper()
		if status, body, err := overTLS(nc, "pass.example.com"); err != nil || status != 200 || body != "secret of pass.example.com" {
			t.Errorf("got %d %q, %v", status, body, err)
		}
	}
	ask()
	a.publisher.publish(snapshotOf(proxyRouteTo("other", "127.0.0.1:1", false, "other.example.com")), nil)
	ask()
	eventually(t, "new connections are not passed on", func() (bool, any) {
		now := dialTLS(t, a.HTTPS, "pass.example.com")
		return !now.ConnectionState().PeerCertificates[0].Equal(secret.Certificate()), nil
	})
}

// stop ends an App whose connections nobody needs any more.
func stop(a *App) {
	ctx, cut := context.WithCancel(context.Background())
	cut()
	_ = a.Stop(ctx) // Connections that are open are cut off.
}
