package upstream

import (
	"crypto/tls"
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

// judgeBy takes over how endpoints are judged, and reports whether their probes or the list of
// those that serve may be others. registry.mu is held, and p.spec is what was said before.
func (p *Pool) judgeBy(u *ir.Upstream, client *tls.Certificate) (changed bool) {
	h := &u.Health
	if h.Passive.Failures == 0 {
		p.passive.Store(nil)
	} else {
		p.passive.Store(&h.Passive)
	}
	p.panicPercent = h.PanicPercent
	next := newProber(u, client)
	changed = h.PanicPercent != p.spec.Health.PanicPercent || (next == nil) != (p.prober == nil) || next != nil && next.id != p.prober.id
	if changed {
		p.prober = next
		p.probed.Store(next != nil)
	}
	return changed
}

// eject takes an endpoint out until its time is over, if the policy allows one more.
func (p *Pool) eject(e *Endpoint, policy health.Policy, reason string) {
	p.registry.mu.Lock()
	defer p.registry.mu.Unlock()
	if !p.holds(e) {
		return
	}
	eligible := eligibleOf(p.list.Load().all)
	out := 0
	for _, other := range eligible {
		if other.out() {
			out++
		}
	}
	d, ok := e.health.Eject(policy, out, len(eligible), time.Now())
	if !ok {
		return
	}
	e.ejectedFor.Store(&reason)
	p.ejections.Add(1)
	p.arrange()
	p.readmitAfter(e, d)
}

// maxUntilProbed bounds the time from a failed probe of an endpoint that is ejected to the next.
const maxUntilProbed = 10 * time.Second

// readmitAfter ends an ejection after a time, once a probe finds the endpoint well. It does
// nothing any more when the pool or the endpoint is gone.
func (p *Pool) readmitAfter(e *Endpoint, d time.Duration) {
	time.AfterFunc(d, func() {
		prober, spec, ok := p.beginRecovery(e)
		if !ok {
			return
		}
		defer p.registry.asking.Done()
		p.endRecovery(e, p.registry.ask(prober, spec))
	})
}

// beginRecovery says how an endpoint is to be probed; ok is false where it is not.
func (p *Pool) beginRecovery(e *Endpoint) (how *prober, spec ir.Endpoint, ok bool) {
	r := p.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || !p.holds(e) || !e.health.Out() {
		return nil, ir.Endpoint{}, false
	}
	r.asking.Add(1)
	if how = p.prober; how == nil {
		how = connects
	}
	return how, *e.spec.Load(), true
}

// endRecovery ends an ejection where the probe went well, and tries again later where it did not.
func (p *Pool) endRecovery(e *Endpoint, err error) {
	r := p.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || !p.holds(e) {
		return
	}
	if err != nil {
		why := err.Error()
		e.stillOut.Store(&why)
		again := maxUntilProbed
		if passive := p.passive.Load(); passive != nil {
			again = min(again, passive.EjectFor)
		}
		p.readmitAfter(e, again)
		return
	}
	e.stillOut.Store(nil)
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
func (p *Pool) arrange() { p.arrangeOf(p.list.Load().all) }

// arrangeOf makes the list of endpoints. registry.mu is held.
func (p *Pool) arrangeOf(all []*Endpoint) {
	p.use(p.listOf(all))
	p.registry.changed()
}

// listOf makes a list. registry.mu is held.
func (p *Pool) listOf(all []*Endpoint) *list {
	next := &list{all: all}
	next.serving, next.panic = soundOf(eligibleOf(all), p.panicPercent)
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

// out says that an endpoint is ejected, or unhealthy by its probes.
func (e *Endpoint) out() bool { return e.health.Out() || e.unhealthy.Load() != nil }

// soundOf returns the endpoints that are not out. Where they are fewer than a percentage of all, or
// none, it returns all of them, in panic: to fail at some is better than to fail for certain, and
// the few would break down under the load of all.
func soundOf(eligible []*Endpoint, panicPercent int) (sound []*Endpoint, panic bool) {
	for _, e := range eligible {
		if !e.out() {
			sound = append(sound, e)
		}
	}
	few := len(sound) == 0 || len(sound)*100 < len(eligible)*panicPercent
	if len(sound) < len(eligible) && few {
		return eligible, true
	}
	return sound, false
}
