package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/wire/proxyproto"
)

// statusNet dials endpoints that answer each request with the status that is set for their
// address, and counts the connections. 0 refuses them.
type statusNet struct {
	mu     sync.Mutex
	status map[string]int
	dialed map[string]int
}

func newStatusNet() *statusNet {
	return &statusNet{status: make(map[string]int), dialed: make(map[string]int)}
}

func (a *statusNet) set(address string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status[address] = status
}

func (a *statusNet) count(address string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.dialed[address]
}

func (a *statusNet) dial(_ context.Context, address netip.AddrPort) (net.Conn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dialed[address.String()]++
	status, known := a.status[address.String()]
	if !known {
		status = 200
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		r, err := http.ReadRequest(bufio.NewReader(far))
		if err != nil {
			return
		}
		fmt.Fprintf(far, "HTTP/1.1 %d X\r\nX-Path: %s\r\nContent-Length: 0\r\n\r\n", status, r.URL.Path)
	}()
	return near, nil
}

// probed is an upstream whose endpoints are probed every ten seconds.
func probed(key string) ir.Upstream {
	u := upstreamOf(key, "s")
	u.Health.Active = ir.Active{
		Type: ir.ProbeHTTP, Path: "/health", Interval: 10 * time.Second, Timeout: 2 * time.Second, Unhealthy: 3, Healthy: 2,
		Expect: []ir.StatusRange{{From: 200, To: 399}},
	}
	return u
}

const (
	address1 = "10.0.0.1:8080"
	address2 = "10.0.0.2:8080"
)

func TestAnEndpointWhoseProbesFailGetsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newStatusNet()
		r := NewRegistry(Options{Dial: net.dial})
		defer r.Close()
		r.SetEndpoints(ready("s", 1, 2))
		p := r.Acquire(probed("u"))
		defer p.Release()
		net.set(address2, 503)
		pass(23 * time.Second) // Three probes take 18 to 23 s.
		if p.Size() != 1 {
			t.Fatalf("%d endpoints serve, want 1", p.Size())
		}
		if d := r.Dump()[0].Endpoints[1]; d.Unhealthy != "the status is 503" {
			t.Errorf("it is out for %q", d.Unhealthy)
		}
		for range 10 {
			if e := mustPick(t, p); e.Address() != address1 {
				t.Fatal("the unhealthy endpoint was picked")
			}
		}
		net.set(address2, 204)
		pass(23 * time.Second)
		if p.Size() != 2 || r.Dump()[0].Endpoints[1].Unhealthy != "" {
			t.Fatalf("%d endpoints serve, want 2", p.Size())
		}
	})
}

func TestTheOnlyEndpointServesThoughItsProbesFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newStatusNet()
		r := NewRegistry(Options{Dial: net.dial})
		defer r.Close()
		net.set(address1, 0)
		r.SetEndpoints(ready("s", 1))
		p := r.Acquire(probed("u"))
		defer p.Release()
		pass(time.Minute)
		if d := r.Dump()[0]; p.Size() != 1 || !d.Panic || d.Endpoints[0].Unhealthy != "connection refused" {
			t.Errorf("%d serve: %+v", p.Size(), d)
		}
	})
}

func TestEqualProbesAreMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newStatusNet()
		net.set(address1, 503)
		r := NewRegistry(Options{Dial: net.dial})
		defer r.Close()
		r.SetEndpoints(ready("s", 1, 2))
		first, other := probed("first"), probed("other")
		other.Balance.Strategy = ir.LeastRequest
		p := r.Acquire(first)
		pass(30 * time.Second)
		before := net.count(address1)
		if p.Size() != 1 || before < 3 {
			t.Fatalf("%d serve after %d probes", p.Size(), before)
		}
		// Another pool knows at once what the probes say, and when the first is gone.
		q := r.Acquire(other)
		if q.Size() != 1 {
			t.Fatal("another pool does not know what the probes said")
		}
		p.Release()
		pass(100 * time.Second)
		if n := net.count(address1) - before; n < 9 || n > 11 || q.Size() != 1 {
			t.Fatalf("%d probes in ten intervals; %d serve", n, q.Size())
		}
		// A probe of other settings is another one.
		third := probed("third")
		third.Health.Active.Path = "/other"
		s := r.Acquire(third)
		if s.Size() != 2 {
			t.Fatal("a verdict was taken over from another probe")
		}
		s.Release()
		// Without endpoints or pools nothing is probed.
		r.SetEndpoints(ready("s", 2))
		before = net.count(address1)
		pass(time.Minute)
		if net.count(address1) != before {
			t.Error("an endpoint that is gone is probed")
		}
		q.Release()
		before = net.count(address2)
		pass(time.Minute)
		if net.count(address2) != before || len(r.watches) != 0 {
			t.Error("an endpoint that nobody uses is probed")
		}
	})
}

func TestWhatProbesSaySurvivesAnotherTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newStatusNet()
		net.set(address1, 503)
		r := NewRegistry(Options{Dial: net.dial})
		defer r.Close()
		r.SetEndpoints(ready("s", 1, 2))
		p := r.Acquire(probed("u"))
		pass(30 * time.Second)
		again := r.Acquire(probed("u"))
		p.Release()
		r.SetEndpoints(ready("s", 1, 2, 3))
		if again.Size() != 2 {
			t.Errorf("%d endpoints serve, want 2", again.Size())
		}
		// The pool's settings change: what is not asked any more does not count.
		u := probed("u")
		u.Health.Active = ir.Active{}
		last := r.Acquire(u)
		again.Release()
		if last.Size() != 3 || len(r.watches) != 0 {
			t.Errorf("%d endpoints serve without probes", last.Size())
		}
		last.Release()
	})
}

func TestProbesOfAnotherPortAndOfConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newStatusNet()
		net.set("10.0.0.1:9000", 0)
		r := NewRegistry(Options{Dial: net.dial})
		defer r.Close()
		r.SetEndpoints(ready("s", 1, 2))
		u := upstreamOf("u", "s")
		u.Health.Active = ir.Active{Type: ir.ProbeTCP, Port: 9000, Interval: time.Second, Timeout: time.Second, Unhealthy: 1, Healthy: 1}
		p := r.Acquire(u)
		defer p.Release()
		pass(2 * time.Second)
		if p.Size() != 1 || net.count("10.0.0.2:9000") == 0 || net.count(address2) != 0 {
			t.Errorf("%d serve; probes: %v", p.Size(), net.dialed)
		}
	})
}

func TestASilentEndpointIsUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New()
		r := NewRegistry(Options{Dial: new(pipes).dial, Metrics: m})
		defer r.Close()
		r.SetEndpoints(ready("s", 1))
		p := r.Acquire(probed("u"))
		defer p.Release()
		pass(40 * time.Second)
		if why := r.Dump()[0].Endpoints[0].Unhealthy; why != errLate.Error() {
			t.Errorf("it is out for %q", why)
		}
		for _, want := range []string{
			`sluice_upstream_endpoints_unhealthy{upstream="u",variant=""} 1`, `sluice_upstream_panic{upstream="u",variant=""} 1`,
		} {
			if !scrape(t, m)[want] {
				t.Errorf("the metrics have no %s", want)
			}
		}
		counted := false
		for line := range scrape(t, m) {
			counted = counted || strings.HasPrefix(line, `sluice_upstream_probes_total{outcome="failed"} `)
		}
		if !counted {
			t.Error("the probes are not counted")
		}
	})
}

// TestProbesOverTLS probes as requests are sent: over TLS, with the same proof.
func TestProbesOverTLS(t *testing.T) {
	ca := newAuthority(t, "ours")
	leaf := ca.issue(t, &x509.Certificate{DNSNames: []string{"web.example.com"}})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") == "application/grpc" {
			w.Header().Set("Trailer", "Grpc-Status")
			_, _ = w.Write([]byte("\x00\x00\x00\x00\x02\x08\x01"))
			w.Header().Set("Grpc-Status", "0")
			return
		}
		fmt.Fprintln(w, r.Proto)
	})
	config := &tls.Config{Certificates: []tls.Certificate{*leaf}, NextProtos: []string{"h2", "http/1.1"}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	// Over a pipe, who writes waits for who reads, and both sides of TLS write at first.
	dial := func(context.Context, netip.AddrPort) (net.Conn, error) {
		near, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return nil, err
		}
		far, err := ln.Accept()
		if err != nil {
			return nil, err
		}
		go func() {
			conn := tls.Server(far, config)
			if conn.Handshake() != nil {
				far.Close()
				return
			}
			if conn.ConnectionState().NegotiatedProtocol == "h2" {
				new(http2.Server).ServeConn(conn, &http2.ServeConnOpts{Handler: handler})
				return
			}
			defer conn.Close()
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		}()
		return near, nil
	}
	grpc := ir.Active{Type: ir.ProbeGRPC}
	for name, tt := range map[string]struct {
		active   ir.Active
		protocol ir.UpstreamProtocol
		name     string
		well     bool
	}{
		"HTTP/1.1":     {probed("u").Health.Active, ir.UpstreamHTTP1, "web.example.com", true},
		"HTTP/2":       {probed("u").Health.Active, ir.UpstreamHTTP2, "web.example.com", true},
		"gRPC":         {grpc, ir.UpstreamHTTP1, "web.example.com", true},
		"another name": {probed("u").Health.Active, ir.UpstreamHTTP1, "other.example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, Options{Dial: dial})
			u := upstreamOf("u", "s")
			u.Protocol, u.Health.Active = tt.protocol, tt.active
			u.Health.Active.Timeout = time.Minute
			u.TLS = ir.UpstreamTLS{Enabled: true, ServerName: tt.name, CAs: ca.pem, Names: []string{tt.name}}
			err := r.ask(newProber(&u, nil), endpoint(1, ir.EndpointReady))
			if (err == nil) != tt.well {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTooFewInServiceIsPanic(t *testing.T) {
	for name, tt := range map[string]struct {
		all, out, percent, want int
		panics                  bool
	}{
		"none is out":                       {4, 0, 50, 4, false},
		"half is out":                       {4, 2, 50, 2, false},
		"more than half is out":             {4, 3, 50, 4, true},
		"more than half is out, no percent": {4, 3, 0, 1, false},
		"all are out, no percent":           {4, 4, 0, 4, true},
		"one of two, of all":                {2, 1, 100, 2, true},
		"none is there":                     {0, 0, 50, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			why := "test"
			var all []*Endpoint
			for i := range tt.all {
				e := new(Endpoint)
				if i < tt.out {
					e.unhealthy.Store(&why)
				}
				all = append(all, e)
			}
			sound, panics := soundOf(all, tt.percent)
			if len(sound) != tt.want || panics != tt.panics {
				t.Errorf("%d serve, in panic: %v", len(sound), panics)
			}
		})
	}
}

func TestWhoIsInServiceAndThatItChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newStatusNet()
		var changes atomic.Int64
		r := NewRegistry(Options{Dial: net.dial, Changed: func() { changes.Add(1) }})
		defer r.Close()
		set := ready("s", 1, 2)
		set.Endpoints = append(set.Endpoints, endpoint(3, ir.EndpointUnready), endpoint(4, ir.EndpointTerminating))
		r.SetEndpoints(set)
		p := r.Acquire(probed("u"))
		defer p.Release()
		expect := func(want Service) {
			t.Helper()
			if got := r.InService()["u"]; got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			if changes.Swap(0) == 0 {
				t.Error("nobody is told")
			}
		}
		expect(Service{Ready: 2, Total: 3})
		net.set(address1, 0)
		net.set(address2, 0)
		pass(time.Minute)
		expect(Service{Ready: 0, Total: 3}) // Though in panic they serve.
		r.SetEndpoints(ready("s", 5))
		expect(Service{Ready: 1, Total: 1})
		pass(time.Minute)
		if changes.Load() != 0 {
			t.Error("good probes are taken for a change")
		}
	})
}

func TestProbesSayThatTheyAreNoClients(t *testing.T) {
	for version := range uint8(3) {
		near, far := net.Pipe()
		u := probed("u")
		u.ProxyProtocol = version
		r := newRegistry(t, Options{Dial: func(context.Context, netip.AddrPort) (net.Conn, error) { return near, nil }})
		seen := make(chan string, 1)
		go func() {
			defer far.Close()
			b := make([]byte, 1<<10)
			n, _ := far.Read(b)
			if version > 0 {
				header, size, err := proxyproto.Parse(b[:n])
				if err != nil || size != n || header != (proxyproto.Header{}) {
					t.Errorf("version %d: %q is %+v, %v", version, b[:n], header, err)
				}
				n, _ = far.Read(b)
			}
			seen <- string(b[:n])
			fmt.Fprint(far, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}()
		if err := r.ask(newProber(&u, nil), endpoint(1, ir.EndpointReady)); err != nil {
			t.Errorf("version %d: %v", version, err)
		}
		if got := <-seen; !strings.HasPrefix(got, "GET /health HTTP/1.1\r\n") {
			t.Errorf("version %d: got %q", version, got)
		}
		u.Health.Active.Port = 9000
		if newProber(&u, nil).announcement != "" {
			t.Error("a port of its own is told of the PROXY protocol")
		}
	}
}
