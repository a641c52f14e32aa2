package upstream

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/health"
)

// Judged says that the pool goes by the outcomes of tries, so that Endpoint.Judge
// must be told them.
func (p *Pool) Judged() bool { return p.passive.Load() != nil }

// Judge tells how a try ended: by a fault of the endpoint, which reason names, or with a response
// of that status where reason is empty. After too many failures in a row the endpoint gets no
// new request for a while. It counts where Pool.Judged.
func (e *Endpoint) Judge(status int, reason string) {
	passive := e.pool.passive.Load()
	if passive == nil {
		return
	}
	if reason == "" && !passive.Has(status) {
		e.health.Succeeded()
		return
	}
	if !e.health.Failed(policyOf(passive)) {
		return
	}
	if reason == "" {
		reason = "status_" + ir.StatusRange{From: status, To: status}.String()
	}
	e.pool.eject(e, policyOf(passive), reason)
}

func policyOf(p *ir.Passive) health.Policy {
	return health.Policy{Failures: p.Failures, EjectFor: p.EjectFor, MaxPercent: p.MaxPercent}
}

// judgeBy takes over how endpoints are judged.
func (p *Pool) judgeBy(h *ir.Health) {
	if h.Passive.Failures == 0 {
		p.passive.Store(nil)
		return
	}
	p.passive.Store(&h.Passive)
}

// eject takes an endpoint out until its time is over, if the policy allows one more.
func (p *Pool) eject(e *Endpoint, policy health.Policy, reason string) {
	p.registry.mu.Lock()
	defer p.registry.mu.Unlock()
	if !p.holds(e) {
		return
	}
	eligible := eligibleOf(p.list.Load().all)
	now := time.Now()
	d, ok := e.health.Eject(policy, len(eligible)-len(soundOf(eligible)), len(eligible), now)
	if !ok {
		return
	}
	e.ejectedFor.Store(&reason)
	p.ejections.Add(1)
	p.arrange()
	// It does nothing once the pool or the endpoint is gone.
	time.AfterFunc(d, func() { p.readmit(e) })
}

// readmit ends an ejection.
func (p *Pool) readmit(e *Endpoint) {
	p.registry.mu.Lock()
	defer p.registry.mu.Unlock()
	if !p.holds(e) {
		return
	}
	now := time.Now()
	e.health.Return(now)
	e.member.Begin(now)
	p.arrange()
}

// holds says that an endpoint is one of the pool's. registry.mu is held.
func (p *Pool) holds(e *Endpoint) bool {
	spec := e.spec.Load()
	return p.refs > 0 && p.byID[endpointID{spec.Address, spec.Hostname}] == e
}

// arrange makes the list anew from the same endpoints. registry.mu is held.
func (p *Pool) arrange() { p.list.Store(p.listOf(p.list.Load().all)) }

// listOf makes a list. registry.mu is held.
func (p *Pool) listOf(all []*Endpoint) *list {
	next := &list{all: all, serving: soundOf(eligibleOf(all))}
	next.anywhere = next.serving
	if p.prefersZone() {
		next.serving = nearby(next.serving, p.registry.opts.Zone)
	}
	next.members = membersOf(next.serving)
	next.weights = p.weightsOf(next.serving)
	return next
}

// eligibleOf returns the endpoints that may be picked by their set: those that are
// ready, or where there is none, those that are terminating.
func eligibleOf(all []*Endpoint) []*Endpoint {
	var ready, terminating []*Endpoint
	for _, e := range all {
		switch e.spec.Load().State {
		case ir.EndpointReady:
			ready = append(ready, e)
		case ir.EndpointTerminating:
			terminating = append(terminating, e)
		case ir.EndpointUnready:
		}
	}
	if len(ready) == 0 {
		return terminating
	}
	return ready
}

// soundOf returns the endpoints that are not ejected. Where all are, it returns all of them: to
// fail at some is better than to fail for certain.
func soundOf(eligible []*Endpoint) []*Endpoint {
	var sound []*Endpoint
	for _, e := range eligible {
		if !e.health.Out() {
			sound = append(sound, e)
		}
	}
	if len(sound) == 0 {
		return eligible
	}
	return sound
}
