package proxy_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// secureClient speaks a protocol over TLS that is made for one server name, whatever host is asked for.
func secureClient(t *testing.T, k *proxytest.Kit, protocol, serverName string, shows ...tls.Certificate) http.RoundTripper {
	t.Helper()
	config := &tls.Config{ServerName: serverName, InsecureSkipVerify: true, Certificates: shows}
	dial := func(ctx context.Context) (net.Conn, error) { return k.Network.Dial(ctx, k.Address(ir.ListenerHTTPS)) }
	switch protocol {
	case "h3":
		to := k.HTTP3(ir.ListenerHTTPS)
		client := &http3.Transport{
			TLSClientConfig: config,
			Dial: func(_ context.Context, _ string, _ *tls.Config, _ *quic.Config) (*quic.Conn, error) {
				return tryHTTP3(t, k, to, config)
			},
		}
		t.Cleanup(func() { client.Close() })
		return client
	case "h2 TLS":
		config.NextProtos = []string{"h2"}
		client := &http2.Transport{DialTLSContext: func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) {
			nc, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			secure := tls.Client(nc, config)
			return secure, secure.HandshakeContext(ctx)
		}}
		t.Cleanup(client.CloseIdleConnections)
		return client
	}
	client := &http.Transport{DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		nc, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		secure := tls.Client(nc, config)
		return secure, secure.HandshakeContext(ctx)
	}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// TestMatrixOfServerNames asks for hosts over connections that were made for others, by each protocol that has TLS.
func TestMatrixOfServerNames(t *testing.T) {
	c, route := proxytest.Config()
	server, client := certificate(t, "ns/server", "open.example", "other.example", "closed.example"), certificate(t, "ns/client", "client")
	second := certificate(t, "ns/second", "second.example")
	shown, err := tls.X509KeyPair(client.ChainPEM, client.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	stranger := certificate(t, "ns/stranger", "stranger")
	strange, err := tls.X509KeyPair(stranger.ChainPEM, stranger.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	c.Certificates = []ir.Certificate{server, second}
	demand := ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: string(client.ChainPEM)}
	c.Listeners[1].TLS = ir.ListenerTLS{
		Default: "ns/server", Hosts: []ir.TLSHost{{Host: "closed.example", Client: demand}},
		Bindings: []ir.TLSBinding{
			{Host: "open.example", Certificates: []string{"ns/server"}}, {Host: "other.example", Certificates: []string{"ns/server"}},
			{Host: "closed.example", Certificates: []string{"ns/server"}}, {Host: "second.example", Certificates: []string{"ns/second"}},
		},
	}
	guarded := *route
	guarded.ID = "guarded"
	guarded.Filters = []ir.Filter{&ir.ClientCertificate{Auth: demand.ID()}}
	set := &c.RouteSets[0]
	set.Hosts = append(set.Hosts, ir.Host{Pattern: "closed.example", Routes: []ir.Route{guarded}})
	ir.Canonical(c)
	for name, tt := range map[string]struct {
		serverName, host string
		shows            []tls.Certificate
		// status is 0 where there is no connection.
		status int
	}{
		"the host of the name":                        {"open.example", "open.example", nil, 200},
		"another host of the same certificate":        {"open.example", "other.example", nil, 200},
		"a host of another certificate":               {"open.example", "second.example", nil, 421},
		"a host that asks for a client's certificate": {"closed.example", "closed.example", []tls.Certificate{shown}, 200},
		"it, without one":                             {"closed.example", "closed.example", nil, 0},
		"it, with that of a stranger":                 {"closed.example", "closed.example", []tls.Certificate{strange}, 0},
		"it, over the connection of an open host":     {"open.example", "closed.example", []tls.Certificate{shown}, 421},
		"an open host over the connection of this":    {"closed.example", "open.example", []tls.Certificate{shown}, 421},
	} {
		for _, protocol := range []string{"h1 TLS", "h2 TLS", "h3"} {
			t.Run(name+"/"+protocol, func(t *testing.T) {
				k := proxytest.Start(t, proxytest.Options{})
				k.Serve(c)
				k.SetEndpoints(k.Repeats(nil, okResponse))
				req, err := http.NewRequest(http.MethodGet, "https://"+tt.host+"/", nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := secureClient(t, k, protocol, tt.serverName, tt.shows...).RoundTrip(req)
				switch {
				case tt.status == 0 && err == nil:
					t.Errorf("got %v", resp)
				case tt.status > 0 && err != nil:
					t.Fatal(err)
				}
				if err == nil {
					resp.Body.Close()
					if resp.StatusCode != tt.status {
						t.Errorf("got %v", resp)
					}
				}
			})
		}
	}
}
