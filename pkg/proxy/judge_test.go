package proxy_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestAnEndpointThatDiesUnderLoadFailsNoRequest stops one of three endpoints while eight
// clients ask.
func TestAnEndpointThatDiesUnderLoadFailsNoRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := proxytest.Start(t, proxytest.Options{})
		c, _ := proxytest.Config()
		c.Upstreams[0].Health = ir.Health{Passive: ir.Passive{Failures: 3, EjectFor: 10 * time.Second, MaxPercent: 50}}
		k.Serve(c)
		dies := k.Repeats(nil, okResponse)
		k.SetEndpoints(dies, k.Repeats(nil, okResponse), k.Repeats(nil, okResponse))
		answers := make(chan string)
		for range 8 {
			go func() {
				for range 50 {
					answers <- k.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
				}
			}()
		}
		for i := range 400 {
			if i == 100 {
				dies.Stop()
			}
			if answer := <-answers; !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
				t.Errorf("request %d got %q", i, answer)
			}
		}
		ejected := 0
		for _, pool := range k.Registry.Dump() {
			for _, e := range pool.Endpoints {
				if e.Ejected != "" {
					ejected++
				}
			}
		}
		if ejected != 1 {
			t.Errorf("%d endpoints are out, want 1", ejected)
		}
	})
}

// TestStatusesThatEject has one endpoint that answers 503, and looks who serves.
func TestStatusesThatEject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := proxytest.Start(t, proxytest.Options{})
		c, _ := proxytest.Config()
		c.Upstreams[0].Health = ir.Health{Passive: ir.Passive{Failures: 2, EjectFor: 10 * time.Second, MaxPercent: 50, Statuses: []ir.StatusRange{{From: 503, To: 503}}}}
		k.Serve(c)
		k.SetEndpoints(k.Repeats(nil, "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"), k.Repeats(nil, okResponse))
		failed := func() (n int) {
			for range 10 {
				if strings.HasPrefix(k.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "HTTP/1.1 503 ") {
					n++
				}
			}
			return n
		}
		if n := failed(); n != 2 {
			t.Errorf("%d requests got 503 before the endpoint was out, want 2", n)
		}
		if n := failed(); n != 0 {
			t.Errorf("%d requests got 503 while it was out", n)
		}
		time.Sleep(11 * time.Second)
		if n := failed(); n != 2 {
			t.Errorf("%d requests got 503 after it came back, want 2", n)
		}
	})
}

// TestWhatIsNotTheEndpointsDoingDoesNotEject has endpoints that close after each response
// without saying so, and requests whose own time is over.
func TestWhatIsNotTheEndpointsDoingDoesNotEject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := proxytest.Start(t, proxytest.Options{})
		c, route := proxytest.Config()
		route.Timeouts.Request = time.Second
		c.Upstreams[0].Health = ir.Health{Passive: ir.Passive{Failures: 1, EjectFor: time.Hour, MaxPercent: 100}}
		k.Serve(c)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			head, err := proxytest.ReadHead(r)
			if err != nil {
				return
			}
			if strings.Contains(head, "/slow") {
				time.Sleep(2 * time.Second)
				return
			}
			io.WriteString(nc, okResponse)
			// The next request on the connection finds it closed.
			_, _ = proxytest.ReadHead(r)
		}))
		for _, path := range []string{"/", "/", "/", "/slow", "/", "/slow"} {
			k.Send("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
			if e := k.Registry.Dump()[0].Endpoints[0]; e.Ejected != "" {
				t.Fatalf("after %s the endpoint is out %s", path, e.Ejected)
			}
		}
	})
}
