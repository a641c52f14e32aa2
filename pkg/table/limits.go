package table

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
)

// Admission is how a route's requests get their slots.
type Admission struct {
	// Limiter grants them; it outlives the table.
	Limiter *queue.Limiter
	// ByAddress, Header and Claim say what tells clients apart: the address, the header
	// field or the claim of that name where it is not empty, or nothing.
	ByAddress bool
	Header    string
	Claim     string
	// Priority says which class a request is of, nil where all are of one.
	Priority *Priority
	// Seated says that a request gets an endpoint with its slot, so that Choose comes first.
	Seated bool
	// RetrySeconds is what clients that are turned away are told to wait for, at least 1.
	RetrySeconds int
}

// admission returns nil for no limits. A limiter is acquired once a table.
func (c *compiler) admission(l ir.Limits) (*Admission, error) {
	if l.MaxActive <= 0 && l.PerEndpoint <= 0 {
		return nil, nil
	}
	priority, err := newPriority(&l.Queue)
	if err != nil {
		return nil, err
	}
	limiter := c.limiters[l.Key]
	if limiter == nil {
		limits := queue.Limits{MaxActive: l.MaxActive, PerSeat: l.PerEndpoint, Length: l.Queue.Length, Timeout: l.Queue.Timeout, Shared: l.Shared}
		if l.Queue.Order == ir.QueueLIFO {
			limits.Order = queue.LIFO
		}
		limiter = c.deps.Queues.Acquire(l.Key, limits)
		c.limiters[l.Key] = limiter
		c.table.pools.limiters = append(c.table.pools.limiters, limiter)
	}
	return &Admission{
		Limiter:      limiter,
		ByAddress:    l.Queue.FairBy == ir.FairClientAddress,
		Header:       l.Queue.FairHeader,
		Claim:        l.Queue.FairClaim,
		Priority:     priority,
		Seated:       l.PerEndpoint > 0,
		RetrySeconds: max(int(l.Queue.Timeout.Seconds()), 1),
	}, nil
}

// watchSeats has a limiter told of new endpoints, which may be free.
func (c *compiler) watchSeats(r *Route) {
	if r.Admission == nil || !r.Admission.Seated {
		return
	}
	for i := range r.choice.shares {
		if pool := r.choice.shares[i].pool; pool != nil {
			c.table.pools.watches = append(c.table.pools.watches, pool.Watch(r.Admission.Limiter.Recheck))
		}
	}
}
