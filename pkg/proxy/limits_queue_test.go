package proxy_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestWaitingRequestsAreServedInOrder sends requests to an endpoint that takes a
// second for each, and asks it in which order they came.
func TestWaitingRequestsAreServedInOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		queue ir.Queue
		want  string
	}{
		"the oldest first":              {ir.Queue{Length: 9, Timeout: time.Minute}, "a1 a2 a3 a4 b5 b6"},
		"the newest first":              {ir.Queue{Length: 9, Timeout: time.Minute, Order: ir.QueueLIFO}, "a1 b6 b5 a4 a3 a2"},
		"in turn":                       {ir.Queue{Length: 9, Timeout: time.Minute, FairBy: ir.FairHeader, FairHeader: "x-tenant"}, "a1 a2 b5 a3 b6 a4"},
		"a full queue refuses":          {ir.Queue{Length: 2, Timeout: time.Minute}, "a1 a2 a3"},
		"a full queue is fair":          {ir.Queue{Length: 2, Timeout: time.Minute, FairBy: ir.FairHeader, FairHeader: "x-tenant"}, "a1 a2 b5"},
		"who waits for too long is not": {ir.Queue{Length: 9, Timeout: 1500 * time.Millisecond}, "a1 a2"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, func(r *ir.Route) {
					r.Limits = ir.Limits{Key: "r", MaxActive: 1, Queue: tt.queue}
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
				for _, id := range []string{"a1", "a2", "a3", "a4", "b5", "b6"} {
					go func() { answers <- k.Send("GET /" + id + " HTTP/1.1\r\nHost: h\r\nX-Tenant: " + id[:1] + "\r\n\r\n") }()
					synctest.Wait()
				}
				served := 0
				for range 6 {
					answer := <-answers
					if strings.HasPrefix(answer, "HTTP/1.1 200 ") {
						served++
					} else if !strings.HasPrefix(answer, "HTTP/1.1 503 ") || !strings.Contains(answer, "\r\nRetry-After: ") || !strings.Contains(answer, "\r\nX-Sluice-Reason: queue_") {
						t.Errorf("got %q", answer)
					}
				}
				if diff := cmp.Diff(tt.want, strings.Join(came, " ")); diff != "" || served != len(came) {
					t.Errorf("%d served; the order at the endpoint differs (-want +got):\n%s", served, diff)
				}
			})
		})
	}
}

// TestAClientThatLeavesLosesItsPlace looks at a real socket with more bytes on it.
func TestAClientThatLeavesLosesItsPlace(t *testing.T) {
	k := start(t, proxytest.Options{Network: proxytest.Loopback{}}, func(r *ir.Route) {
		r.Limits = ir.Limits{Key: "r", MaxActive: 1, Queue: ir.Queue{Length: 9, Timeout: time.Hour}}
	})
	came, proceed := make(chan struct{}), make(chan struct{})
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		if _, err := proxytest.ReadHead(r); err == nil {
			close(came)
			<-proceed
			io.WriteString(nc, okResponse)
		}
	}))
	first := k.Dial(ir.ListenerHTTP)
	io.WriteString(first, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-came
	second := k.Dial(ir.ListenerHTTP)
	io.WriteString(second, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
	for k.Queues.Stats()[0].Waiting == 0 {
	}
	second.Close()
	for k.Queues.Stats()[0].Gone == 0 {
	}
	close(proceed)
	if head, err := proxytest.ReadHead(bufio.NewReader(first)); err != nil || !strings.Contains(head, "200 OK") {
		t.Errorf("got %q, %v", head, err)
	}
}
