package table

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// share is one possible outcome of a choice; either pool or failure is nil.
type share struct {
	pool    *upstream.Pool
	failure *Failure
	// filters are those of the backend, nil for none.
	filters *BackendFilters
	// version is that of the backend, nil where it has none.
	version *Version
	// hash is what the pool's strategy hashes, nil for nothing.
	hash *ir.HashBy
	// costs says that the pool's strategy looks at requests itself.
	costs bool
}

// choice spreads requests over shares by weight.
type choice struct {
	shares  []share
	weights *balance.Weighted
}

// newChoice takes shares with positive weights, at least one.
func newChoice(shares []share, weights []uint64) *choice {
	return &choice{shares: shares, weights: balance.NewWeighted(weights)}
}

// next returns the share of the next request.
func (c *choice) next() *share {
	if len(c.shares) == 1 {
		return &c.shares[0]
	}
	return &c.shares[c.weights.Next()]
}
