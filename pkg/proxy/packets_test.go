package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// answering is an endpoint of UDP that puts its name in front of each datagram.
func answering(t *testing.T, name string) ir.Endpoint {
	t.Helper()
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, from, err := pc.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			pc.WriteToUDPAddrPort(append([]byte(name), buf[:n]...), from)
		}
	})
	t.Cleanup(func() {
		pc.Close()
		wait.Wait()
	})
	return ir.Endpoint{Address: pc.LocalAddr().(*net.UDPAddr).AddrPort()}
}

// packetConfig has a listener "udp" with one stream.
func packetConfig(idle time.Duration, backends ...ir.WeightedUpstream) *ir.Config {
	c := &ir.Config{Listeners: []ir.Listener{{Name: "udp", Protocol: ir.UDP, Streams: []ir.Stream{{
		ID: "udp", Backends: backends, Timeouts: ir.Timeouts{TunnelIdle: idle},
	}}}}}
	for _, b := range backends {
		c.Upstreams = append(c.Upstreams, ir.Upstream{Key: b.Upstream, Endpoints: b.Upstream})
	}
	return c
}

// servePackets serves a listener and returns where, and what ServePackets returns.
func servePackets(t *testing.T, k *proxytest.Kit) (netip.AddrPort, <-chan error) {
	t.Helper()
	pc, err := proxy.ListenPackets(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- k.Proxy.ServePackets(pc, "udp") }()
	return pc.LocalAddr().(*net.UDPAddr).AddrPort(), ended
}

// packetClient is a client of UDP.
func packetClient(t *testing.T, to netip.AddrPort) *net.UDPConn {
	t.Helper()
	nc, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return nc
}

// askPacket sends a datagram and returns the answer.
func askPacket(t *testing.T, nc *net.UDPConn, text string) string {
	t.Helper()
	if _, err := nc.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	n, err := nc.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestDatagramsGoBySession(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	k.Packets(packetConfig(time.Minute, ir.WeightedUpstream{Upstream: "a", Weight: 1}, ir.WeightedUpstream{Upstream: "b", Weight: 3}))
	k.Registry.SetEndpoints(
		ir.EndpointSet{Key: "a", Endpoints: []ir.Endpoint{answering(t, "a")}},
		ir.EndpointSet{Key: "b", Endpoints: []ir.Endpoint{answering(t, "b")}})
	at, _ := servePackets(t, k)
	count := map[byte]int{}
	for i := range 8 {
		nc := packetClient(t, at)
		first := askPacket(t, nc, fmt.Sprint(i))
		count[first[0]]++
		for range 5 {
			if got := askPacket(t, nc, fmt.Sprint(i)); got != first {
				t.Errorf("the session got %q after %q", got, first)
			}
		}
		large := string(make([]byte, 60<<10))
		if got := askPacket(t, nc, large); got != first[:1]+large {
			t.Errorf("%d bytes came back of a large datagram", len(got))
		}
	}
	if count['a'] != 2 || count['b'] != 6 {
		t.Errorf("the sessions went to %v", count)
	}
}

func TestDatagramsFollowTheEndpoints(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	k.Packets(packetConfig(time.Minute, ir.WeightedUpstream{Upstream: "a", Weight: 1}))
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "a", Endpoints: []ir.Endpoint{answering(t, "a")}})
	at, _ := servePackets(t, k)
	nc := packetClient(t, at)
	if got := askPacket(t, nc, "x"); got != "ax" {
		t.Errorf("got %q", got)
	}
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "a", Endpoints: []ir.Endpoint{answering(t, "b")}})
	if got := askPacket(t, nc, "x"); got != "bx" {
		t.Errorf("after another endpoint took over: %q", got)
	}
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "c", Endpoints: []ir.Endpoint{answering(t, "c")}})
	k.Packets(packetConfig(time.Minute, ir.WeightedUpstream{Upstream: "c", Weight: 1}))
	if got := askPacket(t, nc, "x"); got != "cx" {
		t.Errorf("after another upstream took over: %q", got)
	}
	lines := k.Log(2)
	if l := lines[0]; l["protocol"] != "UDP" || l["bytesIn"] != 1.0 || l["bytesOut"] != 2.0 || l["upstream"] != "a" {
		t.Errorf("logged %v", l)
	}
}

func TestSilentSessionsEnd(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	k.Packets(packetConfig(10*time.Millisecond, ir.WeightedUpstream{Upstream: "a", Weight: 1}))
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "a", Endpoints: []ir.Endpoint{answering(t, "a")}})
	at, _ := servePackets(t, k)
	nc := packetClient(t, at)
	// A session may end before the answer comes, so who gets none asks again.
	ask := func(text string) {
		t.Helper()
		buf := make([]byte, 100)
		for got := ""; got != "a"+text; {
			if _, err := nc.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if err := nc.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			n, _ := nc.Read(buf)
			got = string(buf[:n])
		}
	}
	ask("x")
	k.Log(1) // It comes with the session's end.
	ask("y")
}

func TestSessionsDrain(t *testing.T) {
	for name, wait := range map[string]bool{"by themselves": true, "when the time is over": false} {
		t.Run(name, func(t *testing.T) {
			idle := time.Hour
			if wait {
				idle = time.Millisecond
			}
			k := proxytest.Start(t, proxytest.Options{Proxy: proxy.Options{Timeouts: proxy.Timeouts{DrainIdle: idle}}})
			k.Packets(packetConfig(time.Hour, ir.WeightedUpstream{Upstream: "a", Weight: 1}))
			k.Registry.SetEndpoints(ir.EndpointSet{Key: "a", Endpoints: []ir.Endpoint{answering(t, "a")}})
			at, ended := servePackets(t, k)
			askPacket(t, packetClient(t, at), "x")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if !wait {
				cancel()
			}
			if err := k.Proxy.Shutdown(ctx); (err == nil) != wait {
				t.Errorf("Shutdown returns %v", err)
			}
			if err := <-ended; !errors.Is(err, proxy.ErrClosed) {
				t.Errorf("ServePackets returns %v", err)
			}
		})
	}
}
