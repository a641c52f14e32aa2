package table

import (
	"fmt"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// caller sends the requests of filters to a pool.
type caller struct{ pool *upstream.Pool }

var _ filter.Caller = caller{}

// Call implements filter.Caller.
func (c caller) Call(call *filter.Call) error {
	reply, err := c.pool.Call(&call.Request, call.Body, call.Timeout, call.MaxReply)
	if err != nil {
		return err
	}
	call.Response, call.Reply, call.Trailer = reply.Head, reply.Body, reply.Trailer
	return nil
}

// connect gives a filter that sends requests of its own the pool that they go to.
func (c *compiler) connect(made any, spec ir.Filter) error {
	calls, ok := made.(filter.Calls)
	if !ok {
		return nil
	}
	key := ir.FilterUpstream(spec)
	if _, isAny := spec.(*ir.SatisfyAny); isAny && key == "" {
		return nil // None of its parts asks anybody.
	}
	pool, ok := c.pool(key)
	if !ok {
		return fmt.Errorf("upstream %q is not defined", key)
	}
	calls.Use(caller{pool})
	return nil
}
