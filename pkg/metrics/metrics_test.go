package metrics

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// scrape returns the lines of the metrics whose names begin so, without comments.
func scrape(t testing.TB, m *Metrics, prefix string) []string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if answer.Code != 200 {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	var lines []string
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

var shop = Origin{Kind: "Ingress", Namespace: "shop", Name: "web"}

func TestRouteCounts(t *testing.T) {
	m := New()
	r := m.Route("ingress/shop/web/0/0", shop)
	for range 4 {
		r.Begin()
	}
	r.Observe(200, 3*time.Millisecond, 10, 100)
	r.Observe(503, time.Second, 0, 20)
	r.Observe(0, 2*time.Minute, -1, -1)
	r.Retried()
	const l = `{kind="Ingress",name="web",namespace="shop",route="ingress/shop/web/0/0"`
	want := []string{
		`sluice_route_request_bytes_total` + l + `} 10`,
	}
	for i, le := range []string{"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "60"} {
		n := 0
		if i >= 2 {
			n = 1
		}
		if i >= 9 {
			n = 2
		}
		want = append(want, fmt.Sprintf(`sluice_route_request_duration_seconds_bucket%s,le="%s"} %d`, l, le, n))
	}
	want = append(want,
		`sluice_route_request_duration_seconds_bucket`+l+`,le="+Inf"} 3`,
		`sluice_route_request_duration_seconds_sum`+l+`} 121.003`,
		`sluice_route_request_duration_seconds_count`+l+`} 3`,
		`sluice_route_requests_in_flight`+l+`} 1`,
		`sluice_route_requests_total`+l+`,status="2xx"} 1`,
		`sluice_route_requests_total`+l+`,status="5xx"} 1`,
		`sluice_route_requests_total`+l+`,status="none"} 1`,
		`sluice_route_response_bytes_total`+l+`} 120`,
		`sluice_route_retries_total`+l+`} 1`,
	)
	if diff := cmp.Diff(want, scrape(t, m, "sluice_route_")); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestBucketIsTheFirstThatHolds(t *testing.T) {
	for i, bound := range boundNanos {
		if got := bucket(time.Duration(bound)); got != i {
			t.Errorf("%v is in bucket %d, want %d", time.Duration(bound), got, i)
		}
		if got := bucket(time.Duration(bound + 1)); got != i+1 {
			t.Errorf("%v is in bucket %d, want %d", time.Duration(bound+1), got, i+1)
		}
	}
	if got := bucket(-1); got != 0 {
		t.Errorf("a negative duration is in bucket %d", got)
	}
}

func TestRoutesStayUntilTheyAreDropped(t *testing.T) {
	m := New()
	kept, gone := m.Route("kept", shop), m.Route("gone", shop)
	kept.Begin()
	gone.Begin()
	if m.Route("kept", shop) != kept {
		t.Error("a route's handle is not the same one")
	}
	m.Retain(map[string][]string{"kept": nil}, nil)
	got := scrape(t, m, "sluice_route_requests_in_flight")
	want := []string{`sluice_route_requests_in_flight{kind="Ingress",name="web",namespace="shop",route="kept"} 1`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if m.Route("kept", shop) != kept || m.Route("gone", shop) == gone {
		t.Error("Retain dropped the wrong one")
	}
}

func TestRoutesWithoutRequestsAreNotServed(t *testing.T) {
	m := New()
	m.Route("quiet", shop)
	if got := scrape(t, m, "sluice_route_"); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestTheRestOfTheMetrics(t *testing.T) {
	m := New()
	m.Unrouted().Begin()
	l := m.Listener("https")
	l.Opened()
	m.Listener("https").Opened()
	l.Closed()
	l.HandshakeFailed()
	m.Answered("no_route")
	m.Answered("no_route")
	m.HTTP2Ended("too-many-resets")
	m.ConnectFailed("connect", "upstream")
	m.ConnectFailed("what", "ever")
	m.TableCompiled(7, time.UnixMilli(1_700_000_000_500), 250*time.Millisecond, 42)
	m.LogDropped(func() uint64 { return 3 })
	m.Upstreams(func(yield func(UpstreamGauges)) {
		yield(UpstreamGauges{Upstream: "shop/web:80", Ready: 2, Terminating: 1, InFlight: 5, Idle: 3, Open: 7})
		yield(UpstreamGauges{Upstream: "shop/web:80", Variant: "0a1b2c3d", InFlight: 1})
	})
	want := []string{
		`sluice_access_log_dropped_total 3`,
		`sluice_answers_total{reason="no_route"} 2`,
		`sluice_http2_connections_ended_total{fault="too-many-resets"} 1`,
		`sluice_listener_connections_open{listener="https"} 1`,
		`sluice_listener_connections_total{listener="https"} 2`,
		`sluice_listener_handshake_errors_total{listener="https"} 1`,
		`sluice_route_request_bytes_total{kind="",name="",namespace="",route="none"} 0`,
		`sluice_table_compile_duration_seconds 0.25`,
		`sluice_table_compiled_total 1`,
		`sluice_table_generation 7`,
		`sluice_table_routes 42`,
		`sluice_table_timestamp_seconds 1.7000000005e+09`,
		`sluice_upstream_connect_errors_total{fault="other",phase="other"} 1`,
		`sluice_upstream_connect_errors_total{fault="upstream",phase="connect"} 1`,
		`sluice_upstream_connections{upstream="shop/web:80",use="busy",variant=""} 4`,
		`sluice_upstream_connections{upstream="shop/web:80",use="busy",variant="0a1b2c3d"} 0`,
		`sluice_upstream_connections{upstream="shop/web:80",use="idle",variant=""} 3`,
		`sluice_upstream_connections{upstream="shop/web:80",use="idle",variant="0a1b2c3d"} 0`,
		`sluice_upstream_endpoints{state="ready",upstream="shop/web:80",variant=""} 2`,
		`sluice_upstream_endpoints{state="ready",upstream="shop/web:80",variant="0a1b2c3d"} 0`,
		`sluice_upstream_endpoints{state="terminating",upstream="shop/web:80",variant=""} 1`,
		`sluice_upstream_endpoints{state="terminating",upstream="shop/web:80",variant="0a1b2c3d"} 0`,
		`sluice_upstream_endpoints{state="unready",upstream="shop/web:80",variant=""} 0`,
		`sluice_upstream_endpoints{state="unready",upstream="shop/web:80",variant="0a1b2c3d"} 0`,
		`sluice_upstream_requests_in_flight{upstream="shop/web:80",variant=""} 5`,
		`sluice_upstream_requests_in_flight{upstream="shop/web:80",variant="0a1b2c3d"} 1`,
	}
	var got []string
	for _, line := range scrape(t, m, "sluice_") {
		if !strings.HasPrefix(line, "sluice_route_") || strings.HasPrefix(line, "sluice_route_request_bytes") {
			got = append(got, line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestOddTextDoesNotBreakTheScrape(t *testing.T) {
	m := New()
	m.Route("\xff", Origin{Kind: "\xff", Namespace: "\xff", Name: "a\nb\""}).Begin()
	m.Listener("\xff").Opened()
	m.Answered("\xff")
	m.Upstreams(func(yield func(UpstreamGauges)) { yield(UpstreamGauges{Upstream: "\xff"}) })
	if got := scrape(t, m, "sluice_upstream_endpoints"); len(got) != 3 {
		t.Errorf("got %v", got)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	m := New()
	for i := range 2 * maxReasons {
		m.Answered(fmt.Sprint("r", i))
	}
	got := scrape(t, m, "sluice_answers_total")
	if len(got) != maxReasons+1 {
		t.Errorf("%d reasons, want %d and the one for the rest", len(got), maxReasons)
	}
	if want := fmt.Sprintf(`sluice_answers_total{reason="other"} %d`, maxReasons); got[0] != want {
		t.Errorf("got %s, want %s", got[0], want)
	}
}

func TestCountsAddUpUnderLoad(t *testing.T) {
	const goroutines, each = 8, 2000
	m := New()
	var counting sync.WaitGroup
	for range goroutines {
		counting.Go(func() {
			for range each {
				r := m.Route("r", shop)
				r.Begin()
				r.Observe(200, time.Microsecond, 1, 2)
				m.Answered("reason")
			}
		})
	}
	for range 20 {
		scrape(t, m, "sluice_")
	}
	counting.Wait()
	total, _ := m.Route("r", shop).totals()
	const n = goroutines * each
	if total.requests != n || total.inFlight != 0 || total.bytesIn != n || total.bytesOut != 2*n || total.classes[2] != n {
		t.Errorf("totals: %+v", total)
	}
	if got, want := scrape(t, m, "sluice_answers_total"), fmt.Sprintf(`sluice_answers_total{reason="reason"} %d`, n); got[0] != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestCountingDoesNotAllocate(t *testing.T) {
	m := New()
	r, l := m.Route("r", shop), m.Listener("l")
	m.Answered("reason")
	if allocs := testing.AllocsPerRun(1000, func() {
		r.Begin()
		r.Observe(200, time.Millisecond, 1, 2)
		r.Retried()
		l.Opened()
		l.Closed()
		m.Answered("reason")
		m.ConnectFailed("connect", "upstream")
	}); allocs > maxAllocs {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkObserve(b *testing.B) {
	r := New().Route("r", shop)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.Begin()
			r.Observe(200, time.Millisecond, 10, 100)
		}
	})
}

func BenchmarkScrape(b *testing.B) {
	m := New()
	for i := range 10_000 {
		m.Route(fmt.Sprint("ingress/shop/web/", i), shop).Begin()
	}
	for b.Loop() {
		scrape(b, m, "nothing")
	}
}

func TestWhatIsShed(t *testing.T) {
	m := New()
	l := m.Listener("https")
	l.Full()
	for why := range sheds {
		l.Shed(why)
	}
	l.Shed(ShedClient)
	m.Pressure(func() PressureGauges { return PressureGauges{Level: 2, Used: 90, Limit: 100} })
	want := []string{
		`sluice_listener_connections_shed_total{listener="https",reason="client_limit"} 2`,
		`sluice_listener_connections_shed_total{listener="https",reason="handshakes"} 1`,
		`sluice_listener_connections_shed_total{listener="https",reason="idle"} 1`,
		`sluice_listener_connections_shed_total{listener="https",reason="memory"} 1`,
		`sluice_listener_connections_shed_total{listener="https",reason="room"} 1`,
		`sluice_listener_connections_shed_total{listener="https",reason="silent"} 1`,
	}
	if diff := cmp.Diff(want, scrape(t, m, "sluice_listener_connections_shed")); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	want = []string{"sluice_overload_level 2", "sluice_overload_memory_limit_bytes 100", "sluice_overload_memory_used_bytes 90"}
	if diff := cmp.Diff(want, scrape(t, m, "sluice_overload")); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// TestWhatIsNotServedAnyMoreDisappears keeps labels bounded by what is configured, however often that changes.
func TestWhatIsNotServedAnyMoreDisappears(t *testing.T) {
	m := New()
	serve := func(version, listener string) {
		m.Version("shop", Origin{}, version).Begin()
		m.Listener(listener).Opened()
	}
	for i := range 100 {
		version, listener := fmt.Sprint("1.", i), fmt.Sprint("gateway/", i)
		serve(version, listener)
		m.Retain(map[string][]string{"shop": {"0", version}}, map[string]bool{listener: true})
		if i%2 == 0 {
			m.Listener(listener).Closed()
		}
	}
	if got := scrape(t, m, "sluice_version_requests_in_flight"); len(got) != 1 || !strings.Contains(got[0], `version="1.99"`) {
		t.Errorf("got %v", got)
	}
	// Those with open connections stay, and the last one.
	if got := scrape(t, m, "sluice_listener_connections_open"); len(got) != 50 {
		t.Errorf("there are %d listeners", len(got))
	}
}
