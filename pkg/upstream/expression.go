package upstream

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// costOf returns what compiles the cost of a policy, nil where it has none or it cannot be
// compiled. Translators refuse such an expression before.
func (r *Registry) costOf(policy *ir.Balance) balance.Cost {
	if policy.Strategy != ir.Expression || r.opts.Cost == nil {
		return nil
	}
	cost, err := r.opts.Cost(policy.Cost)
	if err != nil {
		return nil
	}
	return cost
}

// goByCost takes over the expression of a policy. registry.mu is held.
func (p *Pool) goByCost(policy *ir.Balance) {
	if p.spec.Balance.Cost == policy.Cost && p.spec.Balance.Strategy == policy.Strategy && p.refs > 1 {
		return
	}
	p.cost.Store(nil)
	if cost := p.registry.costOf(policy); cost != nil {
		p.cost.Store(&cost)
	}
}

// cheapest returns the number of the member with the lowest cost for a request. Where the costs cannot
// be computed, that is counted, and the one with the fewest requests under way serves.
func (p *Pool) cheapest(l *list, skip []*balance.Member, ask Ask) int {
	first := p.turn.Next(len(l.members))
	cost := p.cost.Load()
	if cost != nil {
		now := time.Now()
		var s balance.Subject
		at, err := balance.Cheapest(l.members, skip, first, func(at int) (float64, error) {
			l.serving[at].describe(&s, now)
			return (*cost).Of(&s, ask.Request)
		})
		if err == nil {
			return at
		}
	}
	p.costErrors.Add(1)
	return balance.LeastRequest(l.members, skip, first, balance.Ramp{})
}

// describe fills in what is known of the endpoint.
func (e *Endpoint) describe(s *balance.Subject, now time.Time) {
	spec := e.spec.Load()
	*s = balance.Subject{
		Active:    e.member.InFlight.Load(),
		Latency:   e.member.Latency.Average(),
		Weight:    max(spec.Weight, 1),
		Age:       max(now.Sub(e.member.Since()), 0),
		Failures:  e.connectErrors.Load(),
		Address:   e.address,
		Zone:      spec.Zone,
		Node:      spec.Node,
		ProxyZone: e.pool.registry.opts.Zone,
	}
}
