package ratelimit

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
	"github.com/sluice-dev/sluice/pkg/wire"
)

func TestExemptClientsAndUnavailable(t *testing.T) {
	limits := rate.NewRegistry()
	t.Cleanup(limits.Close)
	spec := &ir.RateLimit{
		Key: "k", Requests: 1, Per: time.Hour, Burst: 1, By: ir.RateByClientAddress, Unavailable: true,
		Exempt: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")},
	}
	f, err := New(spec, limits)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if a := f.OnRequestHead(&filter.Exchange{Client: netip.MustParseAddrPort("10.1.2.3:1")}); a != nil {
			t.Fatalf("an exempt client got %+v", a)
		}
	}
	x := &filter.Exchange{Client: netip.MustParseAddrPort("192.0.2.1:1")}
	if first, second := f.OnRequestHead(x), f.OnRequestHead(x); first != nil || second == nil || second.Status != 503 {
		t.Errorf("got %+v and %+v", first, second)
	}
	spec.Exempt = []netip.Prefix{{}}
	if _, err := New(spec, limits); err == nil {
		t.Error("a network that is none is accepted")
	}
}

func newFilter(t *testing.T, by ir.RateBy, header string) *Filter {
	t.Helper()
	limits := rate.NewRegistry()
	t.Cleanup(limits.Close)
	f, err := New(&ir.RateLimit{Key: "k", Requests: 10, Per: time.Minute, Burst: 1, By: by, Header: header}, limits)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	f.now = func() time.Time { return now }
	return f
}

func request(client, tenant string) *filter.Exchange {
	x := &filter.Exchange{Request: new(wire.Request)}
	if client != "" {
		x.Client = netip.AddrPortFrom(netip.MustParseAddr(client), 1)
	}
	if tenant != "" {
		x.Request.Header.Add("X-Tenant", []byte(tenant))
	}
	return x
}

func TestWhoSharesARate(t *testing.T) {
	type of struct{ client, tenant string }
	for name, tt := range map[string]struct {
		by            ir.RateBy
		header        string
		first, second of
		shared        bool
	}{
		"one address":                      {ir.RateByClientAddress, "", of{"192.0.2.1", ""}, of{"192.0.2.1", "b"}, true},
		"one address in two forms":         {ir.RateByClientAddress, "", of{"192.0.2.1", ""}, of{"::ffff:192.0.2.1", ""}, true},
		"two addresses":                    {ir.RateByClientAddress, "", of{"192.0.2.1", ""}, of{"192.0.2.2", ""}, false},
		"two addresses of one /64":         {ir.RateByClientAddress, "", of{"2001:db8::1", ""}, of{"2001:db8::2", ""}, true},
		"two addresses of two /64":         {ir.RateByClientAddress, "", of{"2001:db8::1", ""}, of{"2001:db8:0:1::1", ""}, false},
		"one tenant":                       {ir.RateByHeader, "x-tenant", of{"192.0.2.1", "a"}, of{"192.0.2.2", "a"}, true},
		"two tenants":                      {ir.RateByHeader, "x-tenant", of{"192.0.2.1", "a"}, of{"192.0.2.1", "b"}, false},
		"two requests that name no tenant": {ir.RateByHeader, "x-tenant", of{"192.0.2.1", ""}, of{"192.0.2.2", ""}, true},
		"any two requests of a route":      {ir.RateByRoute, "", of{"192.0.2.1", "a"}, of{"2001:db8::1", "b"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFilter(t, tt.by, tt.header)
			if a := f.OnRequestHead(request(tt.first.client, tt.first.tenant)); a != nil {
				t.Fatalf("the first request got %+v", a)
			}
			if a := f.OnRequestHead(request(tt.second.client, tt.second.tenant)); (a != nil) != tt.shared {
				t.Errorf("the second request got %+v", a)
			}
		})
	}
}

func TestARefusalSaysWhenToComeAgain(t *testing.T) {
	f := newFilter(t, ir.RateByRoute, "")
	f.OnRequestHead(request("", ""))
	want := &filter.Answer{Status: 429, Reason: "rate_limited", Header: []filter.AnswerField{
		{Name: "Retry-After", Value: "6"},
		{Name: "RateLimit-Policy", Value: `"default";q=10;w=60`},
		{Name: "RateLimit", Value: `"default";r=0;t=6`},
	}}
	if diff := cmp.Diff(want, f.OnRequestHead(request("", ""))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCountsOutliveAFilter(t *testing.T) {
	limits := rate.NewRegistry()
	defer limits.Close()
	spec := &ir.RateLimit{Key: "k", Requests: 1, Per: time.Hour, Burst: 1}
	before, err := New(spec, limits)
	if err != nil {
		t.Fatal(err)
	}
	before.OnRequestHead(request("", ""))
	after, err := New(spec, limits) // Make before break.
	if err != nil {
		t.Fatal(err)
	}
	before.Release()
	if after.OnRequestHead(request("", "")) == nil {
		t.Error("the count was lost")
	}
	after.Release()
	if len(limits.Stats()) != 0 {
		t.Error("the limiter is held by nobody and still there")
	}
}

func TestWhatLetsNothingPassIsRefused(t *testing.T) {
	limits := rate.NewRegistry()
	defer limits.Close()
	for _, spec := range []ir.RateLimit{{Requests: 1, Burst: 1}, {Per: 1, Burst: 1}, {Requests: 1, Per: 1}} {
		if _, err := New(&spec, limits); err == nil {
			t.Errorf("%+v is taken", spec)
		}
	}
	if _, err := New(&ir.RateLimit{Requests: 1, Per: 1, Burst: 1}, nil); err == nil {
		t.Error("a filter that cannot count is made")
	}
}

func TestPassingCostsNoMemory(t *testing.T) {
	limits := rate.NewRegistry()
	defer limits.Close()
	f, err := New(&ir.RateLimit{Key: "k", Requests: 1 << 30, Per: time.Second, Burst: 1 << 30, By: ir.RateByClientAddress}, limits)
	if err != nil {
		t.Fatal(err)
	}
	x := request("192.0.2.1", "")
	x.Scratch = make([]byte, 0, 64)
	f.OnRequestHead(x)
	if n := testing.AllocsPerRun(100, func() { f.OnRequestHead(x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
