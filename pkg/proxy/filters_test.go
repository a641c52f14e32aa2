package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

func setRequest(name, value string) ir.Filter {
	return &ir.ModifyRequestHeader{Edit: ir.HeaderEdit{Set: []ir.HeaderField{{Name: name, Value: ir.Text(value)}}}}
}

func setResponse(name, value string) ir.Filter {
	return &ir.ModifyResponseHeader{Edit: ir.HeaderEdit{Set: []ir.HeaderField{{Name: name, Value: ir.Text(value)}}}}
}

// TestFiltersActInTheirOrder looks at what the endpoint and the client get.
func TestFiltersActInTheirOrder(t *testing.T) {
	heads := make(chan string, 1)
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	r.Match.Path.Value = "/shop"
	r.Filters = []ir.Filter{
		setRequest("X-Order", "route {path}"), setResponse("X-Order", "route"),
		&ir.RewriteURL{Host: "inner.example", Path: ir.PathEdit{Kind: ir.PrefixReplaced, Prefix: "/shop", Value: "/a/../b"}},
	}
	f := r.Action.(*ir.Forward)
	f.Backends[0].Filters = []ir.Filter{setRequest("X-Order", "backend {host}"), setRequest("X-Backend", "1"), setResponse("X-Order", "backend")}
	k.Serve(c)
	k.SetEndpoints(k.Repeats(heads, okResponse))
	answer := k.Send("GET /shop/cart?q=1 HTTP/1.1\r\nHost: outer.example\r\n\r\n")
	head := <-heads
	for _, want := range []string{"GET /b/cart?q=1 HTTP/1.1\r\n", "Host: inner.example\r\n", "X-Order: backend outer.example\r\n", "X-Backend: 1\r\n", "X-Forwarded-Host: outer.example\r\n"} {
		if !strings.Contains(head, want) {
			t.Errorf("the endpoint got no %q in %q", want, head)
		}
	}
	if strings.Count(answer, "X-Order: ") != 1 || !strings.Contains(answer, "X-Order: route\r\n") {
		t.Errorf("the client got %q", answer)
	}
	if path := k.Log(1)[0]["path"]; path != "/shop/cart?q=1" {
		t.Errorf("logged the path %v", path)
	}
}

func TestFiltersAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		filter ir.Filter
		want   string
		reason string
	}{
		"a redirect":        {&ir.Redirect{Status: 302, Scheme: "https"}, "HTTP/1.1 302 Found\r\nLocation: https://h/\r\n", "redirect"},
		"a refused address": {&ir.IPAccess{Allow: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}, "HTTP/1.1 403 Forbidden\r\n", "address_refused"},
		"a fault":           {&ir.Fault{Delay: time.Millisecond, DelayPercent: 100, AbortStatus: 418, AbortPercent: 100}, "HTTP/1.1 418 ", "fault_injected"},
		"a direct response": {
			&ir.DirectResponse{Status: 410, ContentType: "text/html", Body: "<p>gone", Header: []ir.HeaderField{{Name: "X-Why", Value: "{path}"}}},
			"HTTP/1.1 410 Gone\r\nX-Why: /\r\nContent-Type: text/html\r\n", "direct_response",
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = []ir.Filter{tt.filter} })
			if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, tt.want) {
				t.Errorf("got %q", answer)
			}
			if reason := k.Log(1)[0]["reason"]; reason != tt.reason {
				t.Errorf("logged %v", reason)
			}
		})
	}
}

func TestADropSaysNothing(t *testing.T) {
	k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = []ir.Filter{&ir.Drop{}} })
	if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); answer != "" {
		t.Errorf("got %q", answer)
	}
	if reason := k.Log(1)[0]["reason"]; reason != "dropped" {
		t.Errorf("logged %v", reason)
	}
}

// TestCopiesGoElsewhere sends requests with and without a body, and asks the
// other endpoint for its copies.
func TestCopiesGoElsewhere(t *testing.T) { synctest.Test(t, copiesGoElsewhere) }

func copiesGoElsewhere(t *testing.T) {
	counted := metrics.New()
	k := proxytest.Start(t, proxytest.Options{Proxy: proxy.Options{Metrics: counted}})
	c, r := proxytest.Config()
	c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "copy", Endpoints: "copy", MaxIdlePerEndpoint: 1})
	r.Filters = []ir.Filter{&ir.Mirror{Upstream: "copy", Numerator: 1, Denominator: 1}, setRequest("X-Set", "1"), &ir.Mirror{Upstream: "copy", Numerator: 0, Denominator: 1}}
	k.Serve(c)
	main, copied := make(chan string, 1), make(chan string, 1)
	k.SetEndpoints(k.Replies(main, okResponse, okResponse, okResponse))
	other := k.Replies(copied, okResponse, okResponse, okResponse)
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "copy", Endpoints: []ir.Endpoint{{Address: other.Address}}})
	for _, request := range []string{
		"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
	} {
		if answer := k.Send(request); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			t.Errorf("got %q", answer)
		}
		sent, copy := <-main, <-copied
		line, _, _ := strings.Cut(request, "\r\n")
		copy = strings.TrimPrefix(copy, "body") // of the request before
		if !strings.HasPrefix(copy, line+"\r\n") || !strings.Contains(copy, "X-Set: 1\r\n") {
			t.Errorf("of %q the copy is %q", sent, copy)
		}
	}
	synctest.Wait()
	scrape := httptest.NewRecorder()
	counted.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(scrape.Body.String(), "sluice_mirror_requests_total{outcome=\"sent\"} 3\n") {
		t.Error("three copies are not counted")
	}
}

// TestAShareOfTheRequestsIsCopiedWithTheirBodies copies half of the requests, of which those with a body beyond
// the bound are none.
func TestAShareOfTheRequestsIsCopiedWithTheirBodies(t *testing.T) {
	synctest.Test(t, aShareIsCopied)
}

func aShareIsCopied(t *testing.T) {
	const each = 60
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "copy", Endpoints: "copy", MaxIdlePerEndpoint: 64})
	r.Filters = []ir.Filter{&ir.Mirror{Upstream: "copy", Numerator: 50, Denominator: 100}}
	k.Serve(c)
	lengths := make(chan int, 4*each)
	count := func(into chan<- int) *proxytest.Endpoint {
		return k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			for {
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				n, err := io.Copy(io.Discard, req.Body)
				if err != nil {
					return
				}
				into <- int(n)
				io.WriteString(nc, okResponse)
			}
		})
	}
	k.SetEndpoints(count(make(chan int, 4*each)))
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "copy", Endpoints: []ir.Endpoint{{Address: count(lengths).Address}}})
	for range each {
		for _, n := range []int{0, 4, 64 << 10, 64<<10 + 1} {
			if answer := k.Send(fmt.Sprintf("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", n, strings.Repeat("x", n))); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
				t.Fatalf("with %d bytes: got %q", n, answer)
			}
		}
	}
	synctest.Wait()
	got := make(map[int]int)
	for range len(lengths) {
		got[<-lengths]++
	}
	for _, n := range []int{0, 4, 64 << 10} {
		// All and none of 60 are less likely than anything that has ever happened.
		if got[n] == 0 || got[n] == each {
			t.Errorf("%d of %d requests with %d bytes were copied", got[n], each, n)
		}
		delete(got, n)
	}
	if len(got) != 0 {
		t.Errorf("copies came with other lengths: %v", got)
	}
}

// TestACopyHarmsNobody mirrors to an upstream without an endpoint.
func TestACopyHarmsNobody(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "copy", Endpoints: "copy", MaxIdlePerEndpoint: 1})
	r.Filters = []ir.Filter{&ir.Mirror{Upstream: "copy", Numerator: 1, Denominator: 1}}
	k.Serve(c)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
		t.Errorf("got %q", answer)
	}
}

// TestABackendWhoseFilterIsBrokenFailsItsShare leaves the other backend alone.
func TestABackendWhoseFilterIsBrokenFailsItsShare(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	f := r.Action.(*ir.Forward)
	f.Backends = append(f.Backends, ir.WeightedUpstream{Upstream: "app", Weight: 1, Filters: []ir.Filter{setRequest("Host", "x")}})
	k.Serve(c)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	got := make(map[string]int)
	for range 4 {
		got[k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")[9:12]]++
	}
	if got["200"] != 2 || got["500"] != 2 {
		t.Errorf("got %v", got)
	}
}
