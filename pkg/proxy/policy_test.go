package proxy_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestHostsThatAskForCertificates has three hosts with one certificate, so that clients may
// use one connection for all of them; one of them asks for a certificate of the client.
func TestHostsThatAskForCertificates(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, route := proxytest.Config()
	server, client := certificate(t, "ns/server", "open.example", "other.example", "closed.example"), certificate(t, "ns/client", "client")
	pair, err := tls.X509KeyPair(client.ChainPEM, client.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	c.Certificates = []ir.Certificate{server}
	demand := ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: string(client.ChainPEM)}
	https := &c.Listeners[1]
	https.TLS = ir.ListenerTLS{Default: "ns/server", Hosts: []ir.TLSHost{{Host: "closed.example", Client: demand}}}
	guarded := *route
	guarded.ID = "guarded"
	guarded.Filters = []ir.Filter{&ir.ClientCertificate{Auth: demand.ID()}}
	set := &c.RouteSets[0]
	set.Hosts = append(set.Hosts, ir.Host{Pattern: "closed.example", Routes: []ir.Route{guarded}})
	ir.Canonical(c)
	k.Serve(c)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	for name, tt := range map[string]struct {
		// serverName is what the handshake is for; "clear" is without one.
		serverName, host string
		shows            bool
		status           string
	}{
		"with a certificate":                           {"closed.example", "closed.example", true, "200"},
		"in another spelling":                          {"Closed.example", "CLOSED.example.:443", true, "200"},
		"over the connection of an open host":          {"open.example", "closed.example", false, "421"},
		"over that of a host without a policy":         {"unknown.example", "closed.example", true, "421"},
		"over one without a server name":               {"", "closed.example", true, "421"},
		"in clear text":                                {"clear", "closed.example", false, "403"},
		"an open host over the connection of this one": {"closed.example", "open.example", true, "421"},
		"an open host":                                 {"open.example", "open.example", false, "200"},
		"an open host over that of another one":        {"open.example", "other.example", false, "200"},
		"an open host over one without a server name":  {"", "open.example", false, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			listener := ir.ListenerHTTPS
			if tt.serverName == "clear" {
				listener = ir.ListenerHTTP
			}
			nc := k.Dial(listener)
			if listener == ir.ListenerHTTPS {
				config := &tls.Config{ServerName: tt.serverName, InsecureSkipVerify: true}
				if tt.shows {
					config.Certificates = []tls.Certificate{pair}
				}
				nc = tls.Client(nc, config)
			}
			r := bufio.NewReader(nc)
			for range 2 {
				io.WriteString(nc, "GET / HTTP/1.1\r\nHost: "+tt.host+"\r\n\r\n")
				head, err := proxytest.ReadHead(r)
				if err != nil || !strings.HasPrefix(head, "HTTP/1.1 "+tt.status+" ") {
					t.Fatalf("got %q, %v", head, err)
				}
				io.CopyN(io.Discard, r, contentLength(t, head))
			}
		})
	}
	t.Run("without a certificate", func(t *testing.T) {
		if err := tls.Client(k.Dial(ir.ListenerHTTPS), &tls.Config{ServerName: "closed.example", MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true}).Handshake(); err == nil {
			t.Error("the handshake succeeded")
		}
	})
	t.Run("a connection that is older than the demand", func(t *testing.T) {
		nc := k.DialTLS(ir.ListenerHTTPS, "open.example")
		r := bufio.NewReader(nc)
		roundTripTo(t, nc, r, "open.example", "200")
		https.TLS.Hosts = append(https.TLS.Hosts, ir.TLSHost{Host: "open.example", Client: demand})
		k.Serve(c)
		roundTripTo(t, nc, r, "open.example", "421")
	})
}

// TestClientsWithoutACertificateAreSentElsewhere has a host with an error page: no route of it serves who has proved
// nothing, not even one that asks for nothing.
func TestClientsWithoutACertificateAreSentElsewhere(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	server, client, stranger := certificate(t, "ns/server", "closed.example", "open.example"), certificate(t, "ns/client", "client"), certificate(t, "ns/stranger", "client")
	c.Certificates = []ir.Certificate{server}
	demand := ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: string(client.ChainPEM), MaxChain: 3, ErrorPage: "https://help.example.com/why"}
	c.Listeners[1].TLS = ir.ListenerTLS{Default: "ns/server", Hosts: []ir.TLSHost{{Host: "closed.example", Client: demand}}}
	set := &c.RouteSets[0]
	guarded := set.Hosts[0].Routes[0]
	guarded.ID, guarded.Match.Path.Value = "guarded", "/guarded"
	guarded.Filters = []ir.Filter{&ir.ClientCertificate{Auth: demand.ID()}}
	open := set.Hosts[0].Routes[0]
	open.ID = "unguarded"
	set.Hosts = append(set.Hosts, ir.Host{Pattern: "closed.example", Routes: []ir.Route{guarded, open}})
	ir.Canonical(c)
	k.Serve(c)
	heads := make(chan string, 2)
	k.SetEndpoints(k.Repeats(heads, okResponse))
	for name, shown := range map[string]*ir.Certificate{"none": nil, "a stranger's": &stranger, "a good one": &client} {
		t.Run(name, func(t *testing.T) {
			config := &tls.Config{ServerName: "closed.example", InsecureSkipVerify: true}
			if shown != nil {
				pair, err := tls.X509KeyPair(shown.ChainPEM, shown.KeyPEM)
				if err != nil {
					t.Fatal(err)
				}
				// It is shown whichever CAs are asked for.
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
			}
			nc := tls.Client(k.Dial(ir.ListenerHTTPS), config)
			r := bufio.NewReader(nc)
			for _, target := range []string{"/guarded", "/", "/missing"} {
				io.WriteString(nc, "GET "+target+" HTTP/1.1\r\nHost: closed.example\r\n\r\n")
				head, err := proxytest.ReadHead(r)
				if err != nil {
					t.Fatal(err)
				}
				io.CopyN(io.Discard, r, contentLength(t, head))
				if shown == &client {
					if !strings.HasPrefix(head, "HTTP/1.1 200 ") {
						t.Errorf("%s: got %q", target, head)
					}
					<-heads
				} else if !strings.HasPrefix(head, "HTTP/1.1 302 ") || !strings.Contains(head, "\r\nLocation: https://help.example.com/why\r\n") {
					t.Errorf("%s: got %q", target, head)
				}
			}
			roundTripTo(t, nc, r, "open.example", "421")
		})
	}
	if len(heads) != 0 {
		t.Errorf("the endpoint got %q", <-heads)
	}
}

// roundTripTo asks for a host and checks the status.
func roundTripTo(t *testing.T, w io.Writer, r *bufio.Reader, host, status string) {
	t.Helper()
	io.WriteString(w, "GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	head, err := proxytest.ReadHead(r)
	if err != nil || !strings.HasPrefix(head, "HTTP/1.1 "+status+" ") {
		t.Fatalf("got %q, %v", head, err)
	}
	io.CopyN(io.Discard, r, contentLength(t, head))
}
