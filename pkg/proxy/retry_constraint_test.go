package proxy_test

import (
	"bufio"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestRetriesBeyondTheConstraintAreAnswered503 sends one request after the other to endpoints that
// fail, and looks how many of them are tried again in which time.
func TestRetriesBeyondTheConstraintAreAnswered503(t *testing.T) {
	for name, tt := range map[string]struct {
		rule   ir.Retry
		fails  string
		status string
		reason any
	}{
		"after a status":           {ir.Retry{Own: true, Attempts: 1, Statuses: []int{500}}, "500", "500", nil},
		"after a reset":            {ir.Retry{Own: true, Attempts: 1, OnReset: true}, "reset", "502", "endpoint_closed"},
		"where no rule is written": {ir.Retry{}, "reset", "502", "endpoint_closed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := proxytest.Start(t, proxytest.Options{})
				c, route := proxytest.Config()
				route.Retry = tt.rule
				c.Upstreams[0].RetryConstraint = ir.RetryConstraint{Percent: 20, Window: 10 * time.Second, MinRetries: 4, MinInterval: 10 * time.Second}
				k.Serve(c)
				var tries atomic.Int64
				serve := func(nc net.Conn, r *bufio.Reader) {
					for {
						if _, err := proxytest.ReadHead(r); err != nil {
							return
						}
						tries.Add(1)
						if tt.fails == "reset" {
							return
						}
						io.WriteString(nc, "HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\nno")
					}
				}
				k.SetEndpoints(k.Endpoint(serve), k.Endpoint(serve), k.Endpoint(serve))
				lines := 0
				ask := func() (status string, reason any, n int64) {
					before := tries.Load()
					answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
					lines++
					return answer[9:12], k.Log(lines)[lines-1]["reason"], tries.Load() - before
				}
				retried := func(requests int) (n int64) {
					for range requests {
						status, reason, made := ask()
						n += made - 1
						if status != "503" && (status != tt.status || reason != tt.reason || made == 1) || status == "503" && reason != "retries_spent" {
							t.Errorf("after %d tries: %s for %v", made, status, reason)
						}
					}
					return n
				}
				if n := retried(20); n != 4 {
					t.Errorf("of 20 requests there are %d retries", n)
				}
				if n := retried(20); n != 4 {
					t.Errorf("of 20 more there are %d retries", n)
				}
				time.Sleep(20 * time.Second)
				if n := retried(20); n != 4 {
					t.Errorf("of 20 later ones there are %d retries", n)
				}
			})
		})
	}
}
