package proxy_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
	"github.com/sluice-dev/sluice/pkg/wire/proxyproto"
)

// told reads the header that a connection begins with.
func told(r *bufio.Reader) (proxyproto.Header, string, error) {
	for n := 1; ; n++ {
		b, err := r.Peek(n)
		if err != nil {
			return proxyproto.Header{}, "", err
		}
		h, size, err := proxyproto.Parse(b)
		switch {
		case err == nil:
			raw := string(b[:size])
			_, _ = r.Discard(size)
			return h, raw, nil
		case !errors.Is(err, proxyproto.ErrIncomplete):
			return proxyproto.Header{}, "", err
		}
	}
}

func TestEndpointsAreToldOfClients(t *testing.T) {
	for name, version := range map[string]uint8{"version 1": 1, "version 2": 2} {
		t.Run(name, func(t *testing.T) {
			k := proxytest.Start(t, proxytest.Options{Proxy: proxy.Options{
				ProxyProtocol:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
				TrustedProxies: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
			}})
			c, _ := proxytest.Config()
			c.Upstreams[0].ProxyProtocol = version
			k.Serve(c)
			headers := make(chan string, 16)
			e := k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				h, _, err := told(r)
				if err != nil {
					t.Error(err)
					return
				}
				headers <- h.Source.String() + " to " + h.Destination.String()
				for {
					if _, err := proxytest.ReadHead(r); err != nil {
						return
					}
					io.WriteString(nc, okResponse)
				}
			})
			k.SetEndpoints(e)
			dial := func(from string) (net.Conn, *bufio.Reader) {
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, "PROXY TCP4 "+from+" 192.0.2.200 1000 80\r\n")
				return nc, bufio.NewReader(nc)
			}
			one, oneReader := dial("192.0.2.1")
			two, twoReader := dial("192.0.2.2")
			for range 2 {
				roundTrip(t, one, oneReader)
				roundTrip(t, two, twoReader)
			}
			behind, behindReader := dial("203.0.113.7")
			io.WriteString(behind, "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 198.51.100.9\r\n\r\n")
			if head, err := proxytest.ReadHead(behindReader); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 ") {
				t.Fatalf("got %q, %v", head, err)
			}
			want := []string{"192.0.2.1:1000", "192.0.2.2:1000", "192.0.2.1:1000", "192.0.2.2:1000", "198.51.100.9:0"}
			for _, w := range want {
				if got := <-headers; got != w+" to 192.0.2.200:80" {
					t.Errorf("got %q, want that of %s", got, w)
				}
			}
			if n := e.Accepted(); n != len(want) {
				t.Errorf("%d connections for %d requests of clients", n, len(want))
			}
		})
	}
}

func TestEndpointsOverTLSAreToldBeforeTheHandshake(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	c.Upstreams[0].ProxyProtocol = 1
	c.Upstreams[0].TLS = ir.UpstreamTLS{Enabled: true, Unverified: true}
	server, err := tls.X509KeyPair(pair(t))
	if err != nil {
		t.Fatal(err)
	}
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		if _, raw, err := told(r); err != nil || !strings.HasPrefix(raw, "PROXY TCP4 10.") {
			t.Errorf("got %q, %v", raw, err)
		}
		inside := tls.Server(&buffered{nc, r}, &tls.Config{Certificates: []tls.Certificate{server}})
		if _, err := proxytest.ReadHead(bufio.NewReader(inside)); err != nil {
			t.Error(err)
		}
		io.WriteString(inside, okResponse)
	}))
	if got := k.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("got %q", got)
	}
}

func TestStreamsAreAnnounced(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c := passages(t, k)
	announced := k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		h, raw, err := told(r)
		if err != nil {
			t.Error(err)
			return
		}
		text, _ := io.ReadAll(r)
		_, name, _ := strings.Cut(raw, "\x02\x00")
		io.WriteString(nc, h.Source.String()+" of "+name+" says "+string(text))
	})
	c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "told", Endpoints: "told", ProxyProtocol: 2})
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "told", Endpoints: []ir.Endpoint{{Address: announced.Address}}})
	for i := range c.Listeners {
		for j := range c.Listeners[i].Streams {
			if s := &c.Listeners[i].Streams[j]; s.ID == "all" || s.ID == "end" {
				s.Backends[0].Upstream = "told"
			}
		}
	}
	ir.Canonical(c)
	k.Serve(c)
	exchange := func(nc net.Conn, half interface{ CloseWrite() error }) string {
		io.WriteString(nc, "hello")
		if err := half.CloseWrite(); err != nil {
			t.Error(err)
		}
		got, err := io.ReadAll(nc)
		if err != nil {
			t.Error(err)
		}
		return string(got)
	}
	nc := k.Dial("tcp")
	if got := exchange(nc, nc.(interface{ CloseWrite() error })); got != nc.LocalAddr().String()+" of  says hello" {
		t.Errorf("over TCP: %q", got)
	}
	secured := k.DialTLS("tls", "end.example")
	if got := exchange(secured, secured); !strings.HasSuffix(got, " of \x0bend.example says hello") {
		t.Errorf("over TLS: %q", got)
	}
}
