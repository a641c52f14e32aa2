package table

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
)

// Admission is how a route's requests get their slots.
type Admission struct {
	// Limiter grants them; it outlives the table.
	Limiter *queue.Limiter
	// ByAddress and Header say what tells clients apart: the address, the header
	// field of that name where it is not empty, or nothing.
	ByAddress bool
	Header    string
	// RetrySeconds is what clients that are turned away are told to wait for, at least 1.
	RetrySeconds int
}

// admission returns nil for no limits. A limiter is acquired once a table.
func (c *compiler) admission(l ir.Limits) *Admission {
	if l.MaxActive <= 0 {
		return nil
	}
	limiter := c.limiters[l.Key]
	if limiter == nil {
		limits := queue.Limits{MaxActive: l.MaxActive, Length: l.Queue.Length, Timeout: l.Queue.Timeout}
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
		RetrySeconds: max(int(l.Queue.Timeout.Seconds()), 1),
	}
}
