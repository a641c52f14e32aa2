package proxy_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestVersionsAreServedToldAndCounted has two upstreams whose endpoints answer alike, so that only
// what Sluice tells, logs and counts can say which was chosen.
func TestVersionsAreServedToldAndCounted(t *testing.T) {
	counted := metrics.New()
	k := proxytest.Start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true, Metrics: counted}})
	c, r := proxytest.Config()
	r.Action = &ir.Forward{
		Versioning: ir.Versioning{Source: ir.VersionHeader, Name: "app-version", NoMatch: ir.NoMatchReject, Tell: "Served-Version"},
		Backends:   []ir.WeightedUpstream{{Upstream: "app", Version: "1", Weight: 1}, {Upstream: "other", Version: "2", Weight: 1}},
	}
	c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "other", Endpoints: "app", MaxIdlePerEndpoint: 1})
	k.Serve(c)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	for version, want := range map[string][]string{
		"1.5": {"HTTP/1.1 200 ", "\r\nServed-Version: 1\r\n"},
		"2":   {"HTTP/1.1 200 ", "\r\nServed-Version: 2\r\n"},
		"3":   {"HTTP/1.1 400 ", "\r\nX-Sluice-Reason: version_unknown\r\n", "Versions served: 1, 2\n"},
	} {
		answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\nApp-Version: " + version + "\r\n\r\n")
		for _, part := range want {
			if !strings.Contains(answer, part) {
				t.Errorf("version %s: no %q in %q", version, part, answer)
			}
		}
	}
	if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\nApp-Version: 3\r\nAccept: application/json\r\n\r\n"); !strings.Contains(answer, "\r\nContent-Type: application/json\r\n") ||
		!strings.Contains(answer, `{"status":400,"message":"the version is missing or not served","versions":["1","2"],"requestId":"`) {
		t.Errorf("in JSON: got %q", answer)
	}
	for _, line := range k.Log(4) {
		logged := map[any]any{"app": "1", "other": "2", nil: nil}
		if want, known := logged[line["upstream"]]; !known || line["version"] != want {
			t.Errorf("logged %v", line)
		}
	}
	scrape := httptest.NewRecorder()
	counted.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`sluice_version_requests_total{kind="",name="",namespace="",route="test/all",status="2xx",version="1"} 1`,
		`sluice_version_requests_total{kind="",name="",namespace="",route="test/all",status="2xx",version="2"} 1`,
		`sluice_version_request_duration_seconds_count{kind="",name="",namespace="",route="test/all",version="2"} 1`,
		`sluice_version_requests_in_flight{kind="",name="",namespace="",route="test/all",version="2"} 0`,
		`sluice_answers_total{reason="version_unknown"} 2`,
	} {
		if !strings.Contains(scrape.Body.String(), want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// TestARetryStaysWithItsVersion has a version whose only endpoint refuses connections beside one that is well.
func TestARetryStaysWithItsVersion(t *testing.T) {
	for name, noMatch := range map[string]ir.VersionNoMatch{"the default for others": ir.NoMatchDefault, "any for others": ir.NoMatchAny} {
		t.Run(name, func(t *testing.T) {
			k := proxytest.Start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}})
			c, r := proxytest.Config()
			r.Retry = ir.Retry{Own: true, Attempts: 5, Statuses: []int{502, 503}, OnConnect: true, OnReset: true, BudgetPercent: 100}
			r.Action = &ir.Forward{
				Versioning: ir.Versioning{Source: ir.VersionHeader, Name: "v", Default: "1", NoMatch: noMatch, Tell: "Served"},
				Backends:   []ir.WeightedUpstream{{Upstream: "app", Version: "1", Weight: 1}, {Upstream: "other", Version: "2", Weight: 1}},
			}
			c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "other", Endpoints: "others", MaxIdlePerEndpoint: 1})
			k.Serve(c)
			k.SetEndpoints(k.Repeats(nil, okResponse))
			for state, want := range map[string]string{"refuses": "HTTP/1.1 502 ", "is not there": "HTTP/1.1 503 "} {
				set := ir.EndpointSet{Key: "others"}
				if state == "refuses" {
					set.Endpoints = []ir.Endpoint{{Address: nowhere(1).Address}}
				}
				k.Registry.SetEndpoints(set)
				if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\nV: 2.1\r\n\r\n"); !strings.HasPrefix(answer, want) || !strings.Contains(answer, "\r\nServed: 2\r\n") {
					t.Errorf("the endpoint of version 2 %s: got %q", state, answer)
				}
				if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\nV: 1\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
					t.Errorf("version 1 beside it: got %q", answer)
				}
			}
		})
	}
}
