package proxy_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestARouteSaysWhenItIsTriedAgain has endpoints that answer by a script: a status,
// "reset", or "slow" for no answer within the time of a try.
func TestARouteSaysWhenItIsTriedAgain(t *testing.T) {
	rule := func(change func(*ir.Retry)) ir.Retry {
		r := ir.Retry{Own: true, Attempts: 2, OnConnect: true, OnReset: true, OnTimeout: true, Statuses: []int{500, 503}, PerTry: time.Second}
		if change != nil {
			change(&r)
		}
		return r
	}
	for name, tt := range map[string]struct {
		rule    ir.Retry
		request string
		script  string
		want    string
		tries   int
	}{
		"after a status":                       {rule(nil), "GET", "503 200", "200", 2},
		"after two of them":                    {rule(nil), "GET", "503 500 200", "200", 3},
		"until the tries are used up":          {rule(nil), "GET", "503 500 503 200", "503", 3},
		"not after another status":             {rule(nil), "GET", "502 200", "502", 1},
		"not where nothing may follow":         {rule(func(r *ir.Retry) { r.Attempts = 0 }), "GET", "503 200", "503", 1},
		"not a method that is not idempotent":  {rule(nil), "POST", "503 200", "503", 1},
		"after a reset":                        {rule(nil), "GET", "reset 200", "200", 2},
		"not after a reset":                    {rule(func(r *ir.Retry) { r.OnReset = false }), "GET", "reset 200", "502", 1},
		"after a try that took too long":       {rule(nil), "GET", "slow 200", "200", 2},
		"not after one that took too long":     {rule(func(r *ir.Retry) { r.OnTimeout = false }), "GET", "slow 200", "504", 1},
		"many times":                           {rule(func(r *ir.Retry) { r.Attempts = 20 }), "GET", strings.Repeat("503 ", 15) + "200", "200", 16},
		"no later than the rule allows":        {rule(func(r *ir.Retry) { r.Attempts, r.Backoff, r.Within = 20, time.Second, 2500*time.Millisecond }), "GET", strings.Repeat("503 ", 15) + "200", "503", 4},
		"as long as the request's time allows": {rule(func(r *ir.Retry) { r.Attempts, r.Backoff = 20, time.Second }), "GET", strings.Repeat("503 ", 15) + "200", "504", 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, func(r *ir.Route) {
					r.Retry = tt.rule
					r.Timeouts.Request = 5 * time.Second
				})
				script := strings.Fields(tt.script)
				var tries atomic.Int64
				serve := func(nc net.Conn, r *bufio.Reader) {
					for {
						if _, err := proxytest.ReadHead(r); err != nil {
							return
						}
						step := script[tries.Add(1)-1]
						switch step {
						case "reset":
							return
						case "slow":
							time.Sleep(2 * time.Second)
							return
						}
						io.WriteString(nc, "HTTP/1.1 "+step+" X\r\nContent-Length: 2\r\n\r\nok")
					}
				}
				k.SetEndpoints(k.Endpoint(serve), k.Endpoint(serve))
				answer := k.Send(tt.request + " / HTTP/1.1\r\nHost: h\r\n\r\n")
				if !strings.HasPrefix(answer, "HTTP/1.1 "+tt.want+" ") || int(tries.Load()) != tt.tries {
					t.Errorf("after %d tries: %q", tries.Load(), answer)
				}
				if retries := k.Log(1)[0]["retries"]; tt.tries > 1 && retries != float64(tt.tries-1) {
					t.Errorf("logged %v retries", retries)
				}
			})
		})
	}
}

// TestRetriesKeepToTheirBudget holds retries at an endpoint and looks how many there are.
func TestRetriesKeepToTheirBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, func(r *ir.Route) {
			r.Retry = ir.Retry{Own: true, Attempts: 1, Statuses: []int{503}, BudgetPercent: 20}
		})
		var first, second atomic.Int64
		serve := func(nc net.Conn, r *bufio.Reader) {
			for {
				head, err := proxytest.ReadHead(r)
				if err != nil {
					return
				}
				if !strings.Contains(head, "held") {
					return
				}
				if first.Add(1) <= 40 {
					time.Sleep(time.Second) // All are under way at once.
					io.WriteString(nc, "HTTP/1.1 503 X\r\nContent-Length: 2\r\n\r\nno")
					continue
				}
				second.Add(1)
				time.Sleep(time.Second)
				io.WriteString(nc, okResponse)
			}
		}
		k.SetEndpoints(k.Endpoint(serve))
		answers := make(chan string)
		for range 40 {
			go func() { answers <- k.Send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n") }()
		}
		got := make(map[string]int)
		for range 40 {
			got[(<-answers)[9:12]]++
		}
		if n := int(second.Load()); n > 8 || n == 0 || got["200"] != n || got["503"] != 40-n {
			t.Errorf("%d of 40 were tried again, answered %v", n, got)
		}
	})
}
