package app

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// gatewayListener is a listener of a Gateway with one route that answers by itself.
func gatewayListener(name string, port uint16, body string) (ir.Listener, ir.RouteSet) {
	origin := report.Origin{Kind: "Gateway", Namespace: "ns", Name: name}
	return ir.Listener{Name: name, Origin: origin, Port: port, Scopes: []ir.Scope{{RouteSet: name}}},
		ir.RouteSet{Name: name, Hosts: []ir.Host{{Routes: []ir.Route{{
			ID: name, Match: ir.Match{Path: ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}},
			Action: &ir.Respond{Status: 200, Reason: "test", Body: body},
		}}}}}
}

// nextPort counts the ports that freePort has looked at, from anywhere on.
var nextPort = rand.Uint32()

// freePort returns a port that nobody uses now, each time another one. It is none of those that Linux
// gives to whoever asks for any, so that nobody is given it before the test takes it.
func freePort(t *testing.T) uint16 {
	t.Helper()
	for range 1000 {
		nextPort++
		port := uint16(10_000 + nextPort%20_000)
		address := fmt.Sprintf("127.0.0.1:%d", port)
		ln, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		pc, err := net.ListenPacket("udp", address)
		ln.Close()
		if err != nil {
			continue
		}
		pc.Close()
		return port
	}
	t.Fatal("no port is free")
	return 0
}

// serve does what publish does with a Config.
func serveConfig(a *App, c *ir.Config) *report.Set {
	ir.Canonical(c)
	facts := a.publisher.sockets.prepare(c.Listeners, nil)
	facts.Merge(a.publisher.swap(c, a.publisher.now()))
	a.publisher.sockets.commit(c.Listeners)
	return facts
}

func ask(client *http.Client, port uint16) (string, error) {
	resp, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func TestListenersOpenAndCloseWhileOthersServe(t *testing.T) {
	a := newApp(t, nil)
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	defer a.Stop(t.Context())
	first, second := freePort(t), freePort(t)
	one, oneRoutes := gatewayListener("one", first, "one")
	two, twoRoutes := gatewayListener("two", second, "two")

	kept := new(http.Client) // keeps its connection
	defer kept.CloseIdleConnections()
	for step, c := range []*ir.Config{
		{Listeners: []ir.Listener{one}, RouteSets: []ir.RouteSet{oneRoutes}},
		{Listeners: []ir.Listener{one, two}, RouteSets: []ir.RouteSet{oneRoutes, twoRoutes}},
		{Listeners: []ir.Listener{one}, RouteSets: []ir.RouteSet{oneRoutes}},
	} {
		if facts := serveConfig(a, c); facts.Len() != 0 {
			t.Fatalf("step %d: %v", step, facts.All())
		}
		if got, err := ask(kept, first); got != "one" || err != nil {
			t.Errorf("step %d: the first listener served %q, %v", step, got, err)
		}
		other := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if got, err := ask(other, second); (got == "two") != (len(c.Listeners) == 2) || (err == nil) != (got == "two") {
			t.Errorf("step %d: the second listener served %q, %v", step, got, err)
		}
	}
	// The proxy may notice the end of a connection after the client has gone on.
	eventually(t, "one connection is open, the one that is kept", func() (bool, any) {
		n := a.proxy.Connections()
		return n == 1, n
	})
}

func TestAPortThatCannotBeOpenedIsReportedAlone(t *testing.T) {
	a := newApp(t, nil)
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	defer a.Stop(t.Context())
	taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port, free := uint16(taken.Addr().(*net.TCPAddr).Port), freePort(t)
	one, oneRoutes := gatewayListener("one", port, "one")
	two, twoRoutes := gatewayListener("two", free, "two")
	c := &ir.Config{Listeners: []ir.Listener{one, two}, RouteSets: []ir.RouteSet{oneRoutes, twoRoutes}}
	facts := serveConfig(a, c).All()
	if len(facts) != 1 || facts[0].Origin != one.Origin || facts[0].Reason != report.PortUnavailable || !strings.Contains(facts[0].Message, fmt.Sprint(port)) {
		t.Errorf("reported %v", facts)
	}
	if got, err := ask(new(http.Client), free); got != "two" || err != nil {
		t.Errorf("the neighbour served %q, %v", got, err)
	}
	taken.Close()
	if facts := serveConfig(a, c); facts.Len() != 0 {
		t.Errorf("then reported %v", facts.All())
	}
	if got, err := ask(new(http.Client), port); got != "one" || err != nil {
		t.Errorf("then it served %q, %v", got, err)
	}
}

func TestDatagramsAreServedOnAPortOfTheirOwn(t *testing.T) {
	a := newApp(t, nil)
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	defer a.Stop(t.Context())
	endpoint, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer endpoint.Close()
	// The port is that of a listener of TCP too.
	port := freePort(t)
	tcp, routes := gatewayListener("tcp", port, "tcp")
	udp := ir.Listener{Name: "udp", Origin: tcp.Origin, Port: port, Protocol: ir.UDP, Streams: []ir.Stream{
		{ID: "stream", Backends: []ir.WeightedUpstream{{Upstream: "app", Weight: 1}}},
	}}
	both := &ir.Config{
		Listeners: []ir.Listener{tcp, udp}, RouteSets: []ir.RouteSet{routes},
		Upstreams: []ir.Upstream{{Key: "app", Endpoints: "app"}},
	}
	a.publisher.upstreams.SetEndpoints(ir.EndpointSet{Key: "app", Endpoints: []ir.Endpoint{
		{Address: endpoint.LocalAddr().(*net.UDPAddr).AddrPort()},
	}})
	if facts := serveConfig(a, both); facts.Len() != 0 {
		t.Fatal(facts.All())
	}
	if got, err := ask(new(http.Client), port); got != "tcp" || err != nil {
		t.Errorf("over TCP: %q, %v", got, err)
	}
	client, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	buf := make([]byte, 10)
	for range 2 {
		client.Write([]byte("ping"))
		n, from, err := endpoint.ReadFrom(buf)
		if err != nil || string(buf[:n]) != "ping" {
			t.Fatalf("the endpoint got %q, %v", buf[:n], err)
		}
		endpoint.WriteTo([]byte("pong"), from)
		if n, err := client.Read(buf); err != nil || string(buf[:n]) != "pong" {
			t.Fatalf("the client got %q, %v", buf[:n], err)
		}
	}
	if facts := serveConfig(a, &ir.Config{Listeners: []ir.Listener{tcp}, RouteSets: []ir.RouteSet{routes}}); facts.Len() != 0 {
		t.Fatal(facts.All())
	}
	again, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatalf("the port is still bound: %v", err)
	}
	again.Close()
}
