package upstream

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// Ask is what is known of the request that an endpoint is picked for. The zero
// value knows nothing.
type Ask struct {
	// Hash is balance.HashOf the part of the request that the strategy Hash goes by.
	Hash uint64
	// Hashed says that the request has that part.
	Hashed bool
	// Session is the endpoint that the request is bound to, as long as it may be picked.
	Session SessionID
	// Request is what the strategy Expression looks at, nil for others.
	Request balance.Asker
}

// Pick is PickFor a request of which nothing is known.
func (p *Pool) Pick(tried ...*Endpoint) (*Endpoint, error) { return p.PickFor(Ask{}, tried...) }

// PickFor chooses an endpoint for one try and counts it as in flight until
// Endpoint.Done. Endpoints in tried are avoided as long as there is another one
// that may be picked. It returns ErrNoEndpoints where there is none at all, and does
// not allocate unless very many were tried.
func (p *Pool) PickFor(ask Ask, tried ...*Endpoint) (*Endpoint, error) {
	list := p.list.Load()
	if len(list.serving) == 0 {
		return nil, ErrNoEndpoints
	}
	if e := p.ofSession(list, ask.Session, tried); e != nil {
		e.member.InFlight.Add(1)
		return e, nil
	}
	var room [8]*balance.Member
	skip := room[:0]
	for _, e := range tried {
		skip = append(skip, &e.member)
	}
	chosen := list.serving[p.choose(list, skip, ask)]
	chosen.member.InFlight.Add(1)
	return chosen, nil
}

// choose returns the number of a member by the pool's strategy.
func (p *Pool) choose(l *list, skip []*balance.Member, ask Ask) int {
	members := l.members
	policy := p.policy.Load()
	var ramp balance.Ramp
	if policy.SlowStart > 0 {
		ramp = balance.Ramp{Now: time.Now(), Window: policy.SlowStart}
	}
	switch policy.Strategy {
	case ir.LeastRequest:
		return balance.LeastRequest(members, skip, p.turn.Next(len(members)), ramp)
	case ir.LeastLatency:
		return balance.LeastLatency(members, skip, time.Now(), ramp)
	case ir.Random:
		return balance.Random(members, skip, policy.Choices, ramp)
	case ir.Hash:
		if ask.Hashed {
			return balance.Hash(ask.Hash, members, skip, policy.Hash.MaxLoadPercent)
		}
	case ir.WeightedRoundRobin:
		// A list that was made for another strategy has no weights.
		if l.weights != nil {
			return balance.ByWeight(members, skip, l.weights, ramp)
		}
	case ir.Expression:
		return p.cheapest(l, skip, ask)
	case ir.RoundRobin:
	}
	return balance.InTurn(members, skip, &p.turn, ramp)
}

// Timed says that the strategy goes by response times, so that Endpoint.Answered and
// Endpoint.Failed must be told them.
func (p *Pool) Timed() bool {
	strategy := p.policy.Load().Strategy
	return strategy == ir.LeastLatency || strategy == ir.Expression
}

// Answered says that the response's head came at a time, so long after the request
// began to be sent. It counts where Pool.Timed.
func (e *Endpoint) Answered(at time.Time, took time.Duration) { e.member.Latency.Observe(at, took) }

// Failed says that a try ended at a time without a response by the endpoint's fault.
// It counts where Pool.Timed.
func (e *Endpoint) Failed(at time.Time, took time.Duration) { e.member.Latency.Fail(at, took) }

// weightsOf returns the weights of endpoints, in the same order, where the strategy goes
// by them.
func (p *Pool) weightsOf(endpoints []*Endpoint) *balance.Weighted {
	if p.policy.Load().Strategy != ir.WeightedRoundRobin || len(endpoints) == 0 {
		return nil
	}
	weights := make([]uint64, len(endpoints))
	for i, e := range endpoints {
		weights[i] = uint64(max(e.spec.Load().Weight, 1))
	}
	return balance.NewWeighted(weights)
}

// membersOf returns what strategies know of endpoints, in the same order.
func membersOf(endpoints []*Endpoint) []*balance.Member {
	members := make([]*balance.Member, len(endpoints))
	for i, e := range endpoints {
		members[i] = &e.member
	}
	return members
}
