package proxy_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// gauge counts what runs at an endpoint at once.
type gauge struct {
	mu        sync.Mutex
	now, most int
	served    int
}

func (g *gauge) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now++
	g.served++
	g.most = max(g.most, g.now)
}

func (g *gauge) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now--
}

// slowly is an endpoint that takes a second for each request.
func (g *gauge) slowly(nc net.Conn, r *bufio.Reader) {
	for {
		if _, err := proxytest.ReadHead(r); err != nil {
			return
		}
		g.begin()
		time.Sleep(time.Second)
		g.end()
		io.WriteString(nc, okResponse)
	}
}

func TestNoEndpointGetsMoreThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, func(r *ir.Route) {
			r.Limits = ir.Limits{Key: "r", PerEndpoint: 2, Queue: ir.Queue{Length: 50, Timeout: time.Minute}}
		})
		one, two, late := new(gauge), new(gauge), new(gauge)
		a, b := k.Endpoint(one.slowly), k.Endpoint(two.slowly)
		k.SetEndpoints(a, b)
		answers := make(chan string, 30)
		for range 30 {
			go func() { answers <- k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n") }()
		}
		synctest.Wait()
		if s := k.Queues.Stats()[0]; s.Active != 4 || s.Waiting != 26 {
			t.Errorf("%d run and %d wait, want 4 and 26", s.Active, s.Waiting)
		}
		// A new endpoint serves those who wait at once.
		k.SetEndpoints(a, b, k.Endpoint(late.slowly))
		synctest.Wait()
		if s := k.Queues.Stats()[0]; s.Active != 6 || s.Waiting != 24 {
			t.Errorf("%d run and %d wait once there is a third endpoint, want 6 and 24", s.Active, s.Waiting)
		}
		for range 30 {
			if answer := <-answers; !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
				t.Errorf("got %q", answer)
			}
		}
		for _, g := range []*gauge{one, two, late} {
			if g.most != 2 || g.served == 0 {
				t.Errorf("an endpoint served %d, at most %d at once, want 2", g.served, g.most)
			}
		}
		synctest.Wait()
		if s := k.Queues.Stats()[0]; s.Active != 0 || s.Waiting != 0 {
			t.Errorf("left over: %+v", s)
		}
		for _, e := range k.Registry.Dump()[0].Endpoints {
			if e.InFlight != 0 {
				t.Errorf("%s still counts %d", e.Address, e.InFlight)
			}
		}
	})
}

func TestARetryTakesTheSlotOfAnotherEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, func(r *ir.Route) {
			r.Limits = ir.Limits{Key: "r", PerEndpoint: 1, Queue: ir.Queue{Length: 50, Timeout: time.Minute}}
		})
		good := new(gauge)
		bad := k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			proxytest.ReadHead(r)
			nc.Close()
		})
		k.SetEndpoints(bad, k.Endpoint(good.slowly))
		answers := make(chan string, 9)
		for range 9 {
			go func() { answers <- k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n") }()
		}
		for range 9 {
			if answer := <-answers; !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
				t.Errorf("got %q", answer)
			}
		}
		if good.most != 1 || good.served != 9 {
			t.Errorf("the good endpoint served %d, at most %d at once, want 9 and 1", good.served, good.most)
		}
		synctest.Wait()
		if s := k.Queues.Stats()[0]; s.Active != 0 || s.Waiting != 0 {
			t.Errorf("left over: %+v", s)
		}
	})
}

func TestWithoutEndpointsNobodyWaits(t *testing.T) {
	k := start(t, proxytest.Options{}, func(r *ir.Route) {
		r.Limits = ir.Limits{Key: "r", PerEndpoint: 1, Queue: ir.Queue{Length: 50, Timeout: time.Minute}}
	})
	k.SetEndpoints()
	if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 503 ") {
		t.Errorf("got %q", answer)
	}
	if s := k.Queues.Stats()[0]; s.Active != 0 {
		t.Errorf("left over: %+v", s)
	}
}

func TestEarlierClassesAreServedFirst(t *testing.T) {
	// The queue is full with the fourth; the gold one takes the place of the newest without class.
	const plain, stops = "first gold-4 silver-2 none-1", "first silver-2 none-1 none-3"
	for name, tt := range map[string]struct {
		header, expression string
		want               string
		unclassed          uint64
	}{
		"by a header":                      {header: "x-class", want: plain},
		"by an expression":                 {expression: `request.path.endsWith("-4") ? "gold" : request.header("X-Class")`, want: plain},
		"a failure is of the last class":   {expression: `request.path.endsWith("-2") ? "silver" : ["gold"][int(request.header("X-Class"))]`, want: stops, unclassed: 3},
		"the whole request may be asked":   {expression: `request.host == "h" && request.method == "GET" && request.client != "" && request.path == "/gold-4" ? "gold" : request.path == "/silver-2" ? "silver" : "other"`, want: plain},
		"no class that there is, the last": {expression: `request.path`, want: "first none-1 silver-2 none-3"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, func(r *ir.Route) {
					r.Limits = ir.Limits{Key: "r", MaxActive: 1, Queue: ir.Queue{
						Length: 3, Timeout: time.Minute, PriorityHeader: tt.header, PriorityExpression: tt.expression, PriorityClasses: "gold,silver",
					}}
				})
				var came []string
				k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
					for {
						head, err := proxytest.ReadHead(r)
						if err != nil {
							return
						}
						came = append(came, strings.TrimPrefix(strings.Fields(head)[1], "/"))
						time.Sleep(time.Second)
						io.WriteString(nc, okResponse)
					}
				}))
				answers := make(chan string, 6)
				for _, id := range []string{"first", "none-1", "silver-2", "none-3", "gold-4"} {
					class, _, _ := strings.Cut(id, "-")
					go func() { answers <- k.Send("GET /" + id + " HTTP/1.1\r\nHost: h\r\nX-Class: " + class + "\r\n\r\n") }()
					synctest.Wait()
				}
				refused := 0
				for range 5 {
					if answer := <-answers; strings.HasPrefix(answer, "HTTP/1.1 503 ") {
						refused++
					}
				}
				if diff := cmp.Diff(tt.want, strings.Join(came, " ")); diff != "" || refused != 1 {
					t.Errorf("%d were refused; the order differs (-want +got):\n%s", refused, diff)
				}
				if s := k.Queues.Stats()[0]; s.Unclassed != tt.unclassed {
					t.Errorf("%d could not be classed, want %d", s.Unclassed, tt.unclassed)
				}
			})
		})
	}
}

func TestATunnelHoldsItsSlotToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, func(r *ir.Route) {
			r.Limits = ir.Limits{Key: "r", MaxActive: 1, PerEndpoint: 1}
		})
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			head, err := proxytest.ReadHead(r)
			if err != nil {
				return
			}
			if !strings.Contains(head, "Upgrade: x") {
				io.WriteString(nc, okResponse)
				return
			}
			io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
			io.Copy(nc, r)
		}))
		tunnel := k.Dial(ir.ListenerHTTP)
		io.WriteString(tunnel, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
		r := bufio.NewReader(tunnel)
		if head, err := proxytest.ReadHead(r); err != nil || !strings.HasPrefix(head, "HTTP/1.1 101 ") {
			t.Fatalf("got %q, %v", head, err)
		}
		if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 503 ") {
			t.Errorf("beside a tunnel: got %q", answer)
		}
		tunnel.Close()
		synctest.Wait()
		if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			t.Errorf("after the tunnel: got %q", answer)
		}
	})
}

func TestATableSwapChangesLimitsWithoutLosingWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := proxytest.Config()
		r.Limits = ir.Limits{Key: "r", MaxActive: 1, Queue: ir.Queue{Length: 9, Timeout: time.Minute}}
		k := proxytest.Start(t, proxytest.Options{})
		k.Serve(c)
		g := new(gauge)
		k.SetEndpoints(k.Endpoint(g.slowly))
		answers := make(chan string, 5)
		for range 5 {
			go func() { answers <- k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n") }()
		}
		synctest.Wait()
		c, r = proxytest.Config()
		r.Limits = ir.Limits{Key: "r", MaxActive: 4, Queue: ir.Queue{Length: 1, Timeout: time.Minute}}
		k.Serve(c)
		synctest.Wait()
		if s := k.Queues.Stats()[0]; s.Active != 4 || s.Waiting != 1 {
			t.Errorf("%d run and %d wait after the swap, want 4 and 1", s.Active, s.Waiting)
		}
		for range 5 {
			if answer := <-answers; !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
				t.Errorf("got %q", answer)
			}
		}
	})
}

func TestWhoWaitsIsServedDuringADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, func(r *ir.Route) {
			r.Limits = ir.Limits{Key: "r", MaxActive: 1, Queue: ir.Queue{Length: 9, Timeout: time.Minute}}
		})
		g := new(gauge)
		k.SetEndpoints(k.Endpoint(g.slowly))
		answers := make(chan string, 3)
		for range 3 {
			go func() { answers <- k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n") }()
		}
		synctest.Wait()
		drained := make(chan error, 1)
		go func() { drained <- k.Proxy.Shutdown(t.Context()) }()
		for range 3 {
			if answer := <-answers; !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
				t.Errorf("got %q", answer)
			}
		}
		if err := <-drained; err != nil {
			t.Errorf("the drain ended with %v", err)
		}
	})
}
