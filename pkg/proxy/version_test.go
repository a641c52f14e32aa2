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
	for _, line := range k.Log(3) {
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
		`sluice_answers_total{reason="version_unknown"} 1`,
	} {
		if !strings.Contains(scrape.Body.String(), want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
}
