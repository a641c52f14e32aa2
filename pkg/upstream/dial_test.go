package upstream

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/metrics"
)

// hang dials like a host that drops packets.
func hang(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestFailedConnectionsSayWhoseFaultItIs(t *testing.T) {
	type verdict struct {
		Phase              Phase
		Fault              Fault
		Retryable, Timeout bool
	}
	fails := func(err error) func(context.Context, netip.AddrPort) (net.Conn, error) {
		return func(context.Context, netip.AddrPort) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: err}
		}
	}
	unknown := func(context.Context, string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	tests := map[string]struct {
		options  Options
		hostname string
		cancel   time.Duration
		deadline time.Duration
		want     verdict
	}{
		"nobody listens":         {options: Options{Dial: fails(syscall.ECONNREFUSED)}, want: verdict{PhaseConnect, FaultUpstream, true, false}},
		"no answer in time":      {options: Options{Dial: hang}, want: verdict{PhaseConnect, FaultUpstream, true, true}},
		"the client goes":        {options: Options{Dial: hang}, cancel: time.Second, want: verdict{PhaseConnect, FaultDownstream, false, false}},
		"the exchange's end":     {options: Options{Dial: hang}, deadline: time.Second, want: verdict{PhaseConnect, FaultUpstream, false, true}},
		"too many files":         {options: Options{Dial: fails(syscall.EMFILE)}, want: verdict{PhaseConnect, FaultInternal, false, false}},
		"no port is left":        {options: Options{Dial: fails(syscall.EADDRNOTAVAIL)}, want: verdict{PhaseConnect, FaultInternal, false, false}},
		"no such name":           {options: Options{Resolve: unknown}, hostname: "x.test", want: verdict{PhaseResolve, FaultUpstream, true, false}},
		"a name of one's own":    {options: Options{Resolve: always("127.0.0.1")}, hostname: "x.test", want: verdict{PhaseResolve, FaultUpstream, false, false}},
		"a name, nobody there":   {options: Options{Resolve: always("10.0.0.1"), Dial: fails(syscall.ECONNREFUSED)}, hostname: "x.test", want: verdict{PhaseConnect, FaultUpstream, true, false}},
		"a name, no answer":      {options: Options{Resolve: always("10.0.0.1", "10.0.0.2"), Dial: hang}, hostname: "x.test", want: verdict{PhaseConnect, FaultUpstream, true, true}},
		"the resolver is silent": {options: Options{Resolve: silent}, hostname: "x.test", want: verdict{PhaseResolve, FaultUpstream, true, true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := NewRegistry(test.options)
				defer r.Close()
				e := named(t, r, test.hostname)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancel > 0 {
					time.AfterFunc(test.cancel, cancel)
				}
				if test.deadline > 0 {
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				_, _, err := e.Conn(ctx, 3*time.Second)
				var failure *Error
				if !errors.As(err, &failure) {
					t.Fatalf("got %v, want an *Error", err)
				}
				got := verdict{failure.Phase, failure.Fault, failure.Retryable, failure.Timeout}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
				if e.dump().ConnectErrors != 1 {
					t.Error("the failure was not counted")
				}
			})
		})
	}
}

// always resolves every name to the same addresses.
func always(addrs ...string) func(context.Context, string) ([]netip.Addr, error) {
	var parsed []netip.Addr
	for _, a := range addrs {
		parsed = append(parsed, netip.MustParseAddr(a))
	}
	return func(context.Context, string) ([]netip.Addr, error) { return parsed, nil }
}

// silent is a resolver that does not answer.
func silent(ctx context.Context, _ string) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// named makes a pool with one endpoint, and picks it.
func named(t *testing.T, r *Registry, hostname string) *Endpoint {
	set := ready("s", 1)
	set.Endpoints[0].Hostname = hostname
	r.SetEndpoints(set)
	return mustPick(t, r.Acquire(upstreamOf("u", "s")))
}

func TestNameFallsToItsNextAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := new(pipes)
		r := NewRegistry(Options{
			Resolve: always("10.0.0.1", "10.0.0.2", "10.0.0.3"),
			Dial: func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
				if a.Addr() != netip.MustParseAddr("10.0.0.3") {
					return hang(ctx, a)
				}
				return dials.dial(ctx, a)
			},
		})
		defer r.Close()
		begun := time.Now()
		c, err := named(t, r, "x.test").Dial(t.Context(), 3*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("took %v, want a third of the time for each of those that do not answer", took)
		}
	})
}

func TestLiteralLocalAddressIsAllowed(t *testing.T) {
	p := tcpPool(t, 1)
	c, _ := mustConn(t, mustPick(t, p))
	c.Close()
}

func TestFailuresAreCountedInMetrics(t *testing.T) {
	m := metrics.New()
	r := newRegistry(t, Options{Metrics: m, Dial: func(context.Context, netip.AddrPort) (net.Conn, error) {
		return nil, syscall.ECONNREFUSED
	}})
	if _, _, err := named(t, r, "").Conn(t.Context(), 0); err == nil {
		t.Fatal("no error")
	}
	got := scrape(t, m)
	for _, want := range []string{
		`sluice_upstream_connect_errors_total{fault="upstream",phase="connect"} 1`,
		`sluice_upstream_endpoints{state="ready",upstream="u",variant=""} 1`,
		`sluice_upstream_requests_in_flight{upstream="u",variant=""} 1`,
	} {
		if !got[want] {
			t.Errorf("not among the metrics: %s", want)
		}
	}
}

// scrape returns the lines of the metrics.
func scrape(t *testing.T, m *metrics.Metrics) map[string]bool {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	lines := make(map[string]bool)
	for line := range strings.Lines(answer.Body.String()) {
		lines[strings.TrimSpace(line)] = true
	}
	return lines
}
