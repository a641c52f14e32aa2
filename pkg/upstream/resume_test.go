package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// TestSessionsWithEndpointsAreResumed connects twice: the second handshake is a short one, in which
// the endpoint has to prove the same all the same.
func TestSessionsWithEndpointsAreResumed(t *testing.T) {
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			ca := newAuthority(t, "ours")
			leaf := ca.issue(t, &x509.Certificate{DNSNames: []string{"web.example.com"}})
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			// One for all connections, since it holds the keys of tickets.
			config := &tls.Config{Certificates: []tls.Certificate{*leaf}, MaxVersion: version}
			resumed := make(chan bool, 4)
			go func() {
				for {
					nc, err := ln.Accept()
					if err != nil {
						return
					}
					conn := tls.Server(nc, config)
					if conn.Handshake() == nil {
						resumed <- conn.ConnectionState().DidResume
						_, _ = io.WriteString(conn, "x")
					}
					_ = conn.Close()
				}
			}()
			r := newRegistry(t, Options{})
			address := ln.Addr().(*net.TCPAddr).AddrPort()
			r.SetEndpoints(ir.EndpointSet{Key: "s", Endpoints: []ir.Endpoint{{Address: netip.AddrPortFrom(address.Addr().Unmap(), address.Port())}}})
			u := upstreamOf("u", "s")
			u.TLS = ir.UpstreamTLS{Enabled: true, ServerName: "web.example.com", CAs: ca.pem, Names: []string{"web.example.com"}}
			p := r.Acquire(u)
			connect := func() bool {
				t.Helper()
				c, err := mustPick(t, p).Dial(context.Background(), time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				// A ticket of TLS 1.3 comes behind the handshake, with what is read first.
				if _, err := io.ReadAll(c.NetConn()); err != nil {
					t.Fatal(err)
				}
				return <-resumed
			}
			if connect() {
				t.Error("the first handshake was a short one")
			}
			if !connect() {
				t.Error("the second handshake was a full one")
			}
			u.TLS.Names = []string{"other.example.com"}
			r.Acquire(u)
			if c, err := mustPick(t, p).Dial(context.Background(), time.Minute); err == nil {
				c.Close()
				t.Error("an endpoint that proves another name than is asked for now was resumed")
			}
		})
	}
}
