package proxy_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// says answers what a connection began with, behind its own name.
func says(k *proxytest.Kit, name string) *proxytest.Endpoint {
	return k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		text, _ := io.ReadAll(r)
		io.WriteString(nc, name+" got "+string(text))
	})
}

// passages is a Config with a port each for TCP and for TLS, and one that HTTPS shares with streams.
func passages(t *testing.T, k *proxytest.Kit) *ir.Config {
	plain := says(k, "plain")
	server, err := tls.X509KeyPair(pair(t))
	if err != nil {
		t.Fatal(err)
	}
	secret := k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		inside := tls.Server(&buffered{nc, r}, &tls.Config{Certificates: []tls.Certificate{server}})
		text, _ := io.ReadAll(inside)
		io.WriteString(inside, "secret got "+string(text))
		inside.Close()
	})
	upstreams := []ir.Upstream{{Key: "none", Endpoints: "none"}, {Key: "plain", Endpoints: "plain"}, {Key: "secret", Endpoints: "secret"}}
	k.Registry.SetEndpoints(
		ir.EndpointSet{Key: "plain", Endpoints: []ir.Endpoint{{Address: plain.Address}}},
		ir.EndpointSet{Key: "secret", Endpoints: []ir.Endpoint{{Address: secret.Address}}},
	)
	stream := func(id, host, upstream string, terminate bool) ir.Stream {
		return ir.Stream{ID: id, Host: host, Terminate: terminate, Backends: []ir.WeightedUpstream{{Upstream: upstream, Weight: 1}}}
	}
	broken := ir.Stream{ID: "broken", Host: "broken.example", Terminate: true, Backends: []ir.WeightedUpstream{{Weight: 1, FailStatus: 500, FailReason: "x"}}}
	return &ir.Config{
		Listeners: []ir.Listener{
			{Name: "https", Protocol: ir.HTTPS, TLS: ir.ListenerTLS{Default: "ns/own"},
				Scopes:  []ir.Scope{{Host: "web.example", RouteSet: "web"}},
				Streams: []ir.Stream{stream("beside", "pass.example", "secret", false)}},
			{Name: "tcp", Protocol: ir.TCP, Streams: []ir.Stream{stream("all", "", "plain", false)}},
			{Name: "tcp-none", Protocol: ir.TCP},
			{Name: "tls", Protocol: ir.TLS, TLS: ir.ListenerTLS{Default: "ns/own"}, Streams: []ir.Stream{
				stream("wild", "**.pass.example", "secret", false), broken, stream("end", "end.example", "plain", true),
				stream("nobody", "nobody.example", "none", true), stream("pass", "pass.example", "secret", false),
			}},
		},
		RouteSets: []ir.RouteSet{{Name: "web", Hosts: []ir.Host{{Pattern: "", Routes: []ir.Route{{
			ID: "web", Match: ir.Match{Path: ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}}, Action: &ir.Respond{Status: 204},
		}}}}}},
		Upstreams:    upstreams,
		Certificates: []ir.Certificate{certificate(t, "ns/own", "end.example")},
	}
}

// pair makes the certificate of an endpoint that speaks TLS itself.
func pair(t *testing.T) (chain, key []byte) {
	c := certificate(t, "endpoint", "pass.example")
	return c.ChainPEM, c.KeyPEM
}

// buffered reads what a reader holds first.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// talk sends a text with its end, and returns all that comes back.
func talk(t *testing.T, nc interface {
	io.ReadWriter
	CloseWrite() error
}) string {
	t.Helper()
	if _, err := io.WriteString(nc, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := nc.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(nc)
	if err != nil {
		t.Fatalf("after %q: %v", text, err)
	}
	return string(text)
}

func TestStreamsArePassedOn(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{Network: proxytest.Loopback{}})
	k.Serve(passages(t, k))
	if got := talk(t, k.Dial("tcp").(*net.TCPConn)); got != "plain got hello" {
		t.Errorf("over TCP: %q", got)
	}
	tests := map[string]struct{ listener, name, cert, want string }{
		"TLS that is passed on":               {"tls", "pass.example", "endpoint", "secret got hello"},
		"TLS that is passed on, by a pattern": {"tls", "a.b.pass.example", "endpoint", "secret got hello"},
		"TLS in capitals":                     {"tls", "PASS.example", "endpoint", "secret got hello"},
		"TLS that ends here":                  {"tls", "end.example", "ns/own", "plain got hello"},
		"TLS that is passed on beside HTTPS":  {"https", "pass.example", "endpoint", "secret got hello"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			nc := k.DialTLS(tt.listener, tt.name)
			if got := nc.ConnectionState().PeerCertificates[0].Subject.CommonName; got != tt.cert {
				t.Errorf("the certificate is %s's", got)
			}
			if got := talk(t, nc); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
	t.Run("HTTPS beside streams", func(t *testing.T) {
		nc := k.DialTLS("https", "web.example")
		if _, err := io.WriteString(nc, "GET / HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(nc).ReadString('\n')
		if err != nil || line != "HTTP/1.1 204 No Content\r\n" {
			t.Errorf("got %q, %v", line, err)
		}
	})
}

// TestStreamsThatLeadNowhereAreClosed wants no alert: a client that reads one has been answered.
func TestStreamsThatLeadNowhereAreClosed(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{Network: proxytest.Loopback{}})
	k.Serve(passages(t, k))
	hello := func(name string) []byte {
		near, far := net.Pipe()
		go tls.Client(near, &tls.Config{ServerName: name, InsecureSkipVerify: true}).Handshake()
		defer near.Close()
		raw := make([]byte, 8<<10)
		n, err := far.Read(raw)
		if err != nil {
			t.Fatal(err)
		}
		return raw[:n]
	}
	tests := map[string]struct {
		listener string
		first    []byte
	}{
		"TCP without a route":          {"tcp-none", []byte("hello")},
		"a name without a route":       {"tls", hello("other.example")},
		"no name":                      {"tls", hello("")},
		"a route that is broken":       {"tls", hello("broken.example")},
		"a route without an endpoint":  {"tls", hello("nobody.example")},
		"what is not TLS at all":       {"tls", []byte("GET / HTTP/1.1\r\n\r\n")},
		"what is not TLS beside HTTPS": {"https", []byte("GET / HTTP/1.1\r\n\r\n")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			nc := k.Dial(tt.listener)
			_, _ = nc.Write(tt.first)                         // It may be closed before that.
			if answer, _ := io.ReadAll(nc); len(answer) > 0 { // An end and a reset are as good.
				t.Errorf("got %q", answer)
			}
		})
	}
}
