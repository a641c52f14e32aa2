package proxy_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// echoes answers each datagram behind its own name, until the test ends.
func echoes(t *testing.T, name string) *net.UDPConn {
	t.Helper()
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 64<<10)
		for {
			n, from, err := pc.ReadFromUDPAddrPort(buffer)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			pc.WriteToUDPAddrPort(append([]byte(name+" got "), buffer[:n]...), from)
		}
	}()
	t.Cleanup(func() {
		pc.Close()
		<-done
	})
	return pc
}

func TestDatagramsArePassedOn(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	first, second := echoes(t, "first"), echoes(t, "second")
	for key, pc := range map[string]*net.UDPConn{"a": first, "b": second} {
		k.Registry.SetEndpoints(ir.EndpointSet{Key: key, Endpoints: []ir.Endpoint{{Address: pc.LocalAddr().(*net.UDPAddr).AddrPort()}}})
	}
	serve := func(upstream string) {
		c := &ir.Config{}
		if upstream != "" {
			c.Listeners = []ir.Listener{{Name: "dns", Protocol: ir.UDP, Streams: []ir.Stream{{
				ID: "to-" + upstream, Backends: []ir.WeightedUpstream{{Upstream: upstream, Weight: 1}}, Timeouts: ir.Timeouts{TunnelIdle: time.Minute},
			}}}}
			c.Upstreams = []ir.Upstream{{Key: upstream, Endpoints: upstream}}
		}
		k.Serve(c)
	}
	serve("a")
	socket, err := proxy.ListenPackets(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- k.Proxy.ServePackets(socket, "dns") }()

	dial := func() net.Conn {
		nc, err := net.Dial("udp4", socket.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		return nc
	}
	one, other := dial(), dial()
	// ask sends until an answer to that text comes, as the network may drop what it likes, and what
	// was slow may be answered twice.
	ask := func(nc net.Conn, text string) string {
		buffer := make([]byte, 64<<10)
		for {
			if _, err := nc.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			nc.SetReadDeadline(time.Now().Add(time.Second))
			for {
				n, err := nc.Read(buffer)
				if err != nil {
					break
				}
				if answer := string(buffer[:n]); strings.HasSuffix(answer, " got "+text) {
					return answer
				}
			}
		}
	}
	long := string(make([]byte, 20_000))
	for _, nc := range []net.Conn{one, other} {
		if got := ask(nc, "hello"); got != "first got hello" {
			t.Errorf("got %q", got)
		}
		if got := ask(nc, long); got != "first got "+long {
			t.Errorf("got %d bytes of a long datagram", len(got))
		}
	}

	// Another route, and then another endpoint of it, take over clients that go on sending.
	serve("b")
	if got := ask(one, "again"); got != "second got again" {
		t.Errorf("after the route changed: %q", got)
	}
	third := echoes(t, "third")
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "b", Endpoints: []ir.Endpoint{{Address: third.LocalAddr().(*net.UDPAddr).AddrPort()}}})
	if got := ask(one, "once more"); got != "third got once more" {
		t.Errorf("after the endpoint had gone: %q", got)
	}

	socket.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("serving ended with %v", err)
	}
}
