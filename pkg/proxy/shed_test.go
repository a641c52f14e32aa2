package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/pressure"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// memory is a watch over a memory of 100 bytes, of which a test says how many are used.
type memory struct {
	used    atomic.Uint64
	monitor *pressure.Monitor
}

func newMemory() *memory {
	m := &memory{}
	m.monitor = pressure.NewMonitor(pressure.Options{Limit: 100, Used: m.used.Load, Interval: time.Second})
	return m
}

// watch runs the watch until the test ends.
func (m *memory) watch(t *testing.T, k *proxytest.Kit) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.monitor.Run(ctx, func(_, _ pressure.Level) {}, k.Proxy.Shed)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// uses sets what is used and waits until that was noticed.
func (m *memory) uses(n uint64) {
	m.used.Store(n)
	time.Sleep(1500 * time.Millisecond)
	synctest.Wait()
}

// open says whether the other side has not closed a connection.
func open(t *testing.T, nc net.Conn) bool {
	t.Helper()
	if err := nc.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nc.SetReadDeadline(time.Time{}) }()
	n, err := nc.Read(make([]byte, 1))
	if n > 0 {
		t.Fatal("something came unasked")
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestMemoryIsFreedStepByStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		k := start(t, proxytest.Options{Proxy: proxy.Options{Pressure: m.monitor}}, nil)
		m.watch(t, k)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			for {
				head, err := proxytest.ReadHead(r)
				if err != nil {
					return
				}
				if strings.Contains(head, "/slow") {
					time.Sleep(10 * time.Second)
				}
				io.WriteString(nc, okResponse)
			}
		}))
		idle, busy := k.Dial(ir.ListenerHTTP), k.Dial(ir.ListenerHTTP)
		idleReader, busyReader := bufio.NewReader(idle), bufio.NewReader(busy)
		roundTrip(t, idle, idleReader)
		m.uses(80)
		if !open(t, idle) {
			t.Error("a connection was closed without need")
		}
		roundTrip(t, idle, idleReader)
		io.WriteString(busy, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
		m.uses(86)
		if open(t, idle) {
			t.Error("the idle connection is still open")
		}
		fresh := k.Dial(ir.ListenerHTTP)
		freshReader := bufio.NewReader(fresh)
		roundTrip(t, fresh, freshReader)
		// Kept busy until the next step, as it would be closed otherwise.
		io.WriteString(fresh, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
		m.uses(91)
		if open(t, k.Dial(ir.ListenerHTTP)) {
			t.Error("a new connection is still open")
		}
		m.uses(96)
		for name, c := range map[string]*bufio.Reader{"the first": busyReader, "the second": freshReader} {
			if head, err := proxytest.ReadHead(c); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 ") {
				t.Errorf("%s request under way got %q, %v", name, head, err)
			}
		}
		m.uses(91)
		m.uses(84) // Just below: connections are served again.
		again := k.Dial(ir.ListenerHTTP)
		roundTrip(t, again, bufio.NewReader(again))
	})
}

func TestRequestsAreRefusedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		k := start(t, proxytest.Options{Proxy: proxy.Options{Pressure: m.monitor, DebugHeaders: true}}, nil)
		m.watch(t, k)
		k.SetEndpoints(k.Repeats(nil, okResponse))
		nc := k.Dial(ir.ListenerHTTP)
		io.WriteString(nc, "GET / HTTP/1.1\r\n") // It is not idle.
		m.uses(96)
		io.WriteString(nc, "Host: h\r\n\r\n")
		answer, err := io.ReadAll(nc)
		want := []string{"HTTP/1.1 503 ", "Retry-After: 1\r\n", "X-Sluice-Reason: overloaded\r\n", "Connection: close\r\n"}
		for _, part := range want {
			if err != nil || !strings.Contains(string(answer), part) {
				t.Errorf("no %q in %q, %v", part, answer, err)
			}
		}
		m.uses(10)
		if got := k.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("got %q when it was over", got)
		}
	})
}

func TestIdleConnectionsOfHTTP2AreShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		k := start(t, proxytest.Options{Proxy: proxy.Options{Pressure: m.monitor}}, nil)
		m.watch(t, k)
		release := make(chan struct{})
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			for {
				head, err := proxytest.ReadHead(r)
				if err != nil {
					return
				}
				if strings.Contains(head, "/slow") {
					<-release
				}
				io.WriteString(nc, okResponse)
			}
		}))
		ask := func(c http.RoundTripper, path string) {
			req, err := http.NewRequest(http.MethodGet, "https://h"+path, nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := c.RoundTrip(req)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return
			}
			_ = resp.Body.Close()
		}
		idle, busy := http2Client(t, k), http2Client(t, k)
		ask(idle, "/")
		done := make(chan struct{})
		go func() {
			defer close(done)
			ask(busy, "/slow")
		}()
		synctest.Wait()
		if n := k.Proxy.Connections(); n != 2 {
			t.Fatalf("%d connections", n)
		}
		m.uses(86)
		time.Sleep(5 * time.Second)
		if n := k.Proxy.Connections(); n != 1 {
			t.Errorf("%d connections are left, want the busy one", n)
		}
		close(release)
		<-done
		m.uses(10)
	})
}

func TestAFullListenerMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{Proxy: proxy.Options{MaxConnections: 3}}, nil)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			for {
				head, err := proxytest.ReadHead(r)
				if err != nil {
					return
				}
				if strings.Contains(head, "/slow") {
					time.Sleep(10 * time.Second)
				}
				io.WriteString(nc, okResponse)
			}
		}))
		busy := k.Dial(ir.ListenerHTTP)
		io.WriteString(busy, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
		synctest.Wait() // The third one makes accepting look for room at once.
		older := k.Dial(ir.ListenerHTTP)
		roundTrip(t, older, bufio.NewReader(older))
		time.Sleep(time.Second)
		newer := k.Dial(ir.ListenerHTTP)
		newerReader := bufio.NewReader(newer)
		roundTrip(t, newer, newerReader)
		// Accepting waits for a place already, so the older one has gone.
		if open(t, older) {
			t.Error("the connection that waited longest is still open")
		}
		next := k.Dial(ir.ListenerHTTP)
		roundTrip(t, next, bufio.NewReader(next))
		if head, err := proxytest.ReadHead(bufio.NewReader(busy)); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 ") {
			t.Errorf("the busy one got %q, %v", head, err)
		}
	})
}

func TestConnectionsOfAClientAreBounded(t *testing.T) {
	const announcing, trusted = "10.0.0.0/8", "203.0.113.0/24"
	k := start(t, proxytest.Options{Proxy: proxy.Options{
		MaxConnectionsPerClient: 2,
		ProxyProtocol:           []netip.Prefix{netip.MustParsePrefix(announcing)},
		TrustedProxies:          []netip.Prefix{netip.MustParsePrefix(trusted)},
	}}, nil)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	dial := func(from string) (net.Conn, *bufio.Reader) {
		nc := k.Dial(ir.ListenerHTTP)
		family, to := "TCP4", "192.0.2.200"
		if strings.Contains(from, ":") {
			family, to = "TCP6", "2001:db8::1"
		}
		io.WriteString(nc, "PROXY "+family+" "+from+" "+to+" 1000 80\r\n")
		return nc, bufio.NewReader(nc)
	}
	served := func(from string) net.Conn {
		t.Helper()
		nc, r := dial(from)
		roundTrip(t, nc, r)
		return nc
	}
	refused := func(from string) {
		t.Helper()
		nc, _ := dial(from)
		if got, err := io.ReadAll(nc); len(got) > 0 || err != nil {
			t.Errorf("a third connection of %s got %q, %v", from, got, err)
		}
	}
	first := served("192.0.2.1")
	served("192.0.2.1")
	refused("192.0.2.1")
	served("192.0.2.2")
	served("2001:db8:1:2::1")
	served("2001:db8:1:2:3::1")
	refused("2001:db8:1:2:4::1")
	served("2001:db8:1:3::1")
	for range 4 {
		served("203.0.113.9")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for k.Proxy.Connections() > 9 { // The end of the first is noticed by another goroutine.
		runtime.Gosched()
	}
	served("192.0.2.1")
	refused("192.0.2.1")
}
