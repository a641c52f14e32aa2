package upstream

import (
	"fmt"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// Explain returns the endpoint that PickFor would return now and why, without picking
// it. The address is empty where there is none or it is left to chance. A slow start is not
// looked at.
func (p *Pool) Explain(ask Ask) (address, why string) {
	list := p.list.Load()
	if len(list.serving) == 0 {
		return "", "no endpoint may be picked"
	}
	policy := p.policy.Load()
	at, why := p.turn.Peek(len(list.serving)), "is next in turn"
	switch policy.Strategy {
	case ir.LeastRequest:
		at = balance.LeastRequest(list.members, nil, at, balance.Ramp{})
		why = fmt.Sprintf("has the fewest requests under way, %d", list.members[at].InFlight.Load())
	case ir.LeastLatency:
		return "", "the one of two drawn that promises the earlier answer"
	case ir.Random:
		if policy.Choices == 2 {
			return "", "the less busy of two drawn"
		}
		return "", "drawn by lot"
	case ir.Hash:
		if !ask.Hashed {
			why = "is next in turn, as the request has nothing to hash"
			break
		}
		at = balance.Hash(ask.Hash, list.members, nil, policy.Hash.MaxLoadPercent)
		why = "is where the hash of the request leads"
	case ir.Expression:
		return "", "the one with the lowest cost for the request"
	case ir.WeightedRoundRobin:
		return "", "in turn by weight"
	case ir.RoundRobin:
	}
	return list.serving[at].address, why
}
