package upstream

import (
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/upstream/breaker"
)

// Breaker returns the pool's, nil where its circuit never opens.
func (p *Pool) Breaker() *breaker.Breaker { return p.breaker.Load() }

// breakBy takes over when the circuit opens. What is known stays where that is the same.
// registry.mu is held, and p.spec is what was said before.
func (p *Pool) breakBy(spec ir.Breaker) {
	if spec == p.spec.Breaker {
		return
	}
	if spec == (ir.Breaker{}) {
		p.breaker.Store(nil)
		return
	}
	p.breaker.Store(breaker.New(breaker.Policy{
		ErrorPercent: spec.ErrorPercent,
		MinRequests:  spec.MinRequests,
		Window:       spec.Window,
		OpenFor:      spec.OpenFor,
		HalfOpen:     spec.HalfOpen,
	}, time.Now()))
}

// Circuit says in words what the circuit is, empty where there is none.
func (p *Pool) Circuit() string {
	b := p.breaker.Load()
	if b == nil {
		return ""
	}
	s := b.Stats(time.Now())
	switch s.State {
	case breaker.Closed:
		return fmt.Sprintf("closed; %d of %d requests failed in the window", s.Failed, s.All)
	case breaker.Open:
		return fmt.Sprintf("open until %s, after %d of %d requests failed", s.Until.UTC().Format(time.RFC3339), s.Failed, s.All)
	case breaker.HalfOpen:
		return fmt.Sprintf("half-open, after %d of %d requests failed", s.Failed, s.All)
	}
	return ""
}

// circuit adds the numbers of the circuit, where there is one.
func (p *Pool) circuit(g *metrics.UpstreamGauges) {
	b := p.breaker.Load()
	if b == nil {
		return
	}
	s := b.Stats(time.Now())
	g.Circuit, g.CircuitOpened, g.CircuitRefused = s.State.String(), s.Opened, s.Refused
}
