package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestWhatIsBrokenOffIsReset needs sockets: an end would pass for all that there was to say.
func TestWhatIsBrokenOffIsReset(t *testing.T) {
	for name, tt := range map[string]struct {
		idle time.Duration
		// end is what happens once a byte has gone each way.
		end func(k *proxytest.Kit, client, endpoint *net.TCPConn)
		// client and endpoint say that this side is reset, and not closed.
		client, endpoint bool
	}{
		"by the endpoint": {end: func(_ *proxytest.Kit, _, endpoint *net.TCPConn) {
			endpoint.SetLinger(0)
			endpoint.Close()
		}, client: true},
		"by the client": {end: func(_ *proxytest.Kit, client, _ *net.TCPConn) {
			client.SetLinger(0)
			client.Close()
		}, endpoint: true},
		"for silence": {idle: 500 * time.Millisecond, end: func(*proxytest.Kit, *net.TCPConn, *net.TCPConn) {}, client: true, endpoint: true},
		"at the end of draining": {end: func(k *proxytest.Kit, _, _ *net.TCPConn) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = k.Proxy.Shutdown(ctx)
		}, client: true, endpoint: true},
		"but not what both have ended": {end: func(_ *proxytest.Kit, client, endpoint *net.TCPConn) {
			client.CloseWrite()
			endpoint.CloseWrite()
		}},
	} {
		for kind, secure := range map[string]bool{"TCP": false, "TLS that ends here": true} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				k := proxytest.Start(t, proxytest.Options{Network: proxytest.Loopback{}})
				c := passages(t, k)
				for i := range c.Listeners {
					for j := range c.Listeners[i].Streams {
						c.Listeners[i].Streams[j].Timeouts.TunnelIdle = tt.idle
					}
				}
				seen, reached := make(chan error, 1), make(chan *net.TCPConn, 1)
				e := k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
					_, _ = r.ReadByte()
					_, _ = nc.Write([]byte("y"))
					reached <- nc.(*net.TCPConn)
					_, err := io.Copy(io.Discard, r)
					seen <- err
				})
				k.Registry.SetEndpoints(ir.EndpointSet{Key: "plain", Endpoints: []ir.Endpoint{{Address: e.Address}}})
				k.Serve(c)
				var nc net.Conn
				var raw *net.TCPConn
				if secure {
					raw = k.Dial("tls").(*net.TCPConn)
					nc = tls.Client(raw, &tls.Config{ServerName: "end.example", InsecureSkipVerify: true})
				} else {
					raw = k.Dial("tcp").(*net.TCPConn)
					nc = raw
				}
				if _, err := nc.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(nc, make([]byte, 1)); err != nil {
					if tt.idle > 0 && errors.Is(err, syscall.ECONNRESET) {
						return // The machine was as slow as that.
					}
					t.Fatal(err)
				}
				tt.end(k, raw, <-reached)
				if tt.client || !tt.endpoint {
					_, err := io.Copy(io.Discard, nc)
					if got := errors.Is(err, syscall.ECONNRESET); got != tt.client {
						t.Errorf("the client sees %v", err)
					}
				}
				if tt.endpoint {
					if err := <-seen; !errors.Is(err, syscall.ECONNRESET) {
						t.Errorf("the endpoint sees %v", err)
					}
				}
			})
		}
	}
}
