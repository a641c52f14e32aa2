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

// breaking starts a proxy with a circuit that opens when half of four requests failed, for five
// seconds, and closes after two good ones.
func breaking(t *testing.T, change func(*ir.Config, *ir.Route)) (*proxytest.Kit, *ir.Config) {
	k := proxytest.Start(t, proxytest.Options{})
	c, route := proxytest.Config()
	c.Upstreams[0].Breaker = ir.Breaker{ErrorPercent: 50, MinRequests: 4, Window: 10 * time.Second, OpenFor: 5 * time.Second, HalfOpen: 2}
	if change != nil {
		change(c, route)
	}
	k.Serve(c)
	return k, c
}

const askOnce = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

func answers(text string) string { return "HTTP/1.1 " + text + " X\r\nContent-Length: 0\r\n\r\n" }

// moody makes an endpoint that answers as status says, and counts the requests.
func moody(k *proxytest.Kit, status *atomic.Pointer[string], seen *atomic.Int64) *proxytest.Endpoint {
	return k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		for {
			if _, err := proxytest.ReadHead(r); err != nil {
				return
			}
			seen.Add(1)
			io.WriteString(nc, answers(*status.Load()))
		}
	})
}

func TestACircuitOpensAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := breaking(t, nil)
		var seen atomic.Int64
		var status atomic.Pointer[string]
		bad, good := "503", "200"
		status.Store(&bad)
		k.SetEndpoints(moody(k, &status, &seen))
		for range 4 {
			if got := k.Send(askOnce); !strings.HasPrefix(got, "HTTP/1.1 503 ") || strings.Contains(got, "Retry-After") {
				t.Fatalf("got %q", got)
			}
		}
		time.Sleep(1500 * time.Millisecond)
		got := k.Send(askOnce)
		if !strings.HasPrefix(got, "HTTP/1.1 503 Service Unavailable") || !strings.Contains(got, "Retry-After: 4\r\n") || seen.Load() != 4 {
			t.Fatalf("with an open circuit the endpoint saw %d, the client %q", seen.Load(), got)
		}
		// Another table changes nothing of it.
		k.Serve(c)
		if k.Send(askOnce); seen.Load() != 4 {
			t.Fatal("another table closed the circuit")
		}
		entries := k.Log(6)
		if last := entries[5]; last["reason"] != "circuit_open" || last["fault"] != "internal" {
			t.Errorf("logged %v", last)
		}
		time.Sleep(5 * time.Second)
		k.Send(askOnce) // It fails, so the circuit opens again.
		if k.Send(askOnce); seen.Load() != 5 {
			t.Fatalf("the endpoint saw %d requests, want 5", seen.Load())
		}
		time.Sleep(5 * time.Second)
		status.Store(&good)
		for range 20 {
			if got := k.Send(askOnce); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
				t.Fatalf("got %q", got)
			}
		}
	})
}

func TestOnlyAFewPassAHalfOpenCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := breaking(t, nil)
		var seen atomic.Int64
		var slow atomic.Bool
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			for {
				if _, err := proxytest.ReadHead(r); err != nil {
					return
				}
				seen.Add(1)
				if !slow.Load() {
					return // Nothing is an error, too.
				}
				time.Sleep(time.Second)
				io.WriteString(nc, answers("200"))
			}
		}))
		for range 4 {
			k.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}
		slow.Store(true)
		time.Sleep(5 * time.Second)
		before := seen.Load()
		got := make(chan string)
		for range 10 {
			go func() { got <- k.Send(askOnce) }()
		}
		count := make(map[string]int)
		for range 10 {
			count[(<-got)[9:12]]++
		}
		if count["200"] != 2 || count["503"] != 8 || seen.Load()-before != 2 {
			t.Errorf("answered %v; the endpoint saw %d", count, seen.Load()-before)
		}
		if got := k.Send(askOnce); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("after two good ones got %q", got)
		}
	})
}

// TestWhatIsNotTheUpstreamsDoingDoesNotOpen has clients that go away, requests that a retry saved,
// and a route without endpoints.
func TestWhatIsNotTheUpstreamsDoingDoesNotOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := breaking(t, func(_ *ir.Config, r *ir.Route) {
			r.Retry = ir.Retry{Own: true, Attempts: 1, Statuses: []int{503}}
		})
		for range 8 {
			k.Send(askOnce) // There is no endpoint.
		}
		var n atomic.Int64
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			for {
				head, err := proxytest.ReadHead(r)
				if err != nil {
					return
				}
				if strings.Contains(head, "/slow") {
					time.Sleep(time.Minute)
					return
				}
				if n.Add(1)%2 == 1 {
					io.WriteString(nc, answers("503"))
				} else {
					io.WriteString(nc, answers("404"))
				}
			}
		}))
		for range 8 {
			if got := k.Send(askOnce); !strings.HasPrefix(got, "HTTP/1.1 404 ") {
				t.Fatalf("got %q", got)
			}
		}
		for _, pool := range k.Registry.Dump() {
			if pool.Circuit != "closed; 0 of 8 requests failed in the window" {
				t.Errorf("the circuit is %s", pool.Circuit)
			}
		}
	})
}

// TestMoreThanEightEndpointsAreEachTriedOnce has as many tries as endpoints, all of which fail.
func TestMoreThanEightEndpointsAreEachTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := proxytest.Start(t, proxytest.Options{})
		c, route := proxytest.Config()
		route.Retry = ir.Retry{Own: true, Attempts: 11, Statuses: []int{503}}
		c.Upstreams[0].Balance = ir.Balance{Strategy: ir.Random, Choices: 1}
		k.Serve(c)
		var endpoints []*proxytest.Endpoint
		for range 12 {
			endpoints = append(endpoints, k.Repeats(nil, answers("503")))
		}
		k.SetEndpoints(endpoints...)
		k.Send(askOnce)
		for i, e := range endpoints {
			if e.Accepted() != 1 {
				t.Errorf("endpoint %d got %d requests", i, e.Accepted())
			}
		}
	})
}
