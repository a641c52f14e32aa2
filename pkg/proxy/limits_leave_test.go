package proxy_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// untilQueue waits until the only limiter is as wanted.
func untilQueue(k *proxytest.Kit, wanted func(queue.Stats) bool) {
	for !wanted(k.Queues.Stats()[0]) {
		runtime.Gosched()
	}
}

// TestAStreamThatIsResetLosesItsPlace has a request run, and one of another stream of the same connection wait,
// which its client takes back.
func TestAStreamThatIsResetLosesItsPlace(t *testing.T) {
	for name, open := range map[string]func(*proxytest.Kit) http.RoundTripper{
		"HTTP/2": func(k *proxytest.Kit) http.RoundTripper { return http2Client(t, k) },
		"HTTP/3": func(k *proxytest.Kit) http.RoundTripper { return http3Client(t, k, k.HTTP3(ir.ListenerHTTPS)) },
	} {
		t.Run(name, func(t *testing.T) {
			k := proxytest.Start(t, proxytest.Options{})
			c, r := proxytest.Config()
			c.Certificates = []ir.Certificate{certificate(t, "ns/one", "h")}
			c.Listeners[1].TLS.Default = "ns/one"
			r.Limits = ir.Limits{Key: "r", MaxActive: 1, Queue: ir.Queue{Length: 9, Timeout: time.Hour}}
			k.Serve(c)
			came, proceed := make(chan struct{}), make(chan struct{})
			k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				if _, err := proxytest.ReadHead(r); err == nil {
					close(came)
					<-proceed
					io.WriteString(nc, okResponse)
				}
			}))
			client := open(k)
			get := func(ctx context.Context) error {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://h/", nil)
				if err != nil {
					return err
				}
				resp, err := client.RoundTrip(req)
				if err == nil {
					resp.Body.Close()
				}
				return err
			}
			first, second := make(chan error, 1), make(chan error, 1)
			go func() { first <- get(t.Context()) }()
			<-came
			ctx, leave := context.WithCancel(t.Context())
			go func() { second <- get(ctx) }()
			untilQueue(k, func(s queue.Stats) bool { return s.Waiting == 1 })
			leave()
			untilQueue(k, func(s queue.Stats) bool { return s.Gone == 1 && s.Waiting == 0 && s.Active == 1 })
			close(proceed)
			if err := <-first; err != nil {
				t.Errorf("the request that ran: %v", err)
			}
			if err := <-second; err == nil {
				t.Error("the request that was taken back has a response")
			}
		})
	}
}

// TestWhoWaitsIsServedAlthoughTheRouteIsDeleted swaps a table without the route in while requests wait for it:
// what was accepted is served.
func TestWhoWaitsIsServedAlthoughTheRouteIsDeleted(t *testing.T) {
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
		c, _ := proxytest.Config()
		c.RouteSets[0].Hosts, c.Upstreams = nil, nil
		k.Serve(c)
		if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 404 ") {
			t.Errorf("a request that comes now: got %q", answer)
		}
		for range 3 {
			if answer := <-answers; !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
				t.Errorf("got %q", answer)
			}
		}
		synctest.Wait()
		if left := k.Queues.Stats(); len(left) != 0 {
			t.Errorf("what is left is %v", left)
		}
	})
}
