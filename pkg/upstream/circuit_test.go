package upstream

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/upstream/breaker"
)

func TestACircuitSurvivesAnotherTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New()
		r := NewRegistry(Options{Metrics: m})
		defer r.Close()
		u := upstreamOf("u", "s")
		u.Breaker = ir.Breaker{ErrorPercent: 50, MinRequests: 2, Window: 10 * time.Second, OpenFor: 5 * time.Second, HalfOpen: 1}
		p := r.Acquire(u)
		if got := p.Circuit(); got != "closed; 0 of 0 requests failed in the window" {
			t.Errorf("at first it is %q", got)
		}
		for range 2 {
			ticket, _, _ := p.Breaker().Begin(time.Now())
			p.Breaker().End(ticket, breaker.Failed, time.Now())
		}
		again := r.Acquire(u)
		p.Release()
		if got := again.Circuit(); got != "open until 2000-01-01T00:00:05Z, after 2 of 2 requests failed" {
			t.Errorf("in another table it is %q", got)
		}
		if _, _, ok := again.Breaker().Begin(time.Now()); ok {
			t.Error("a request passes")
		}
		lines := scrape(t, m)
		for _, want := range []string{
			`sluice_upstream_circuit_state{state="open",upstream="u",variant=""} 1`, `sluice_upstream_circuit_state{state="closed",upstream="u",variant=""} 0`,
			`sluice_upstream_circuit_opened_total{upstream="u",variant=""} 1`, `sluice_upstream_circuit_refused_total{upstream="u",variant=""} 1`,
		} {
			if !lines[want] {
				t.Errorf("the metrics have no %s", want)
			}
		}
		pass(5 * time.Second)
		if d := r.Dump()[0]; d.Circuit != "half-open, after 2 of 2 requests failed" || d.Breaker != u.Breaker.String() {
			t.Errorf("after its time it is %q by %q", d.Circuit, d.Breaker)
		}
		// Another policy begins anew, and none has no circuit.
		u.Breaker.MinRequests = 9
		r.Acquire(u).Release()
		if got := again.Circuit(); got != "closed; 0 of 0 requests failed in the window" {
			t.Errorf("by another policy it is %q", got)
		}
		u.Breaker = ir.Breaker{}
		r.Acquire(u).Release()
		if again.Breaker() != nil || again.Circuit() != "" {
			t.Error("there is a circuit without a policy")
		}
		again.Release()
	})
}
