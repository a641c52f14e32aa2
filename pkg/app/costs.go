package app

import (
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
	"github.com/sluice-dev/sluice/pkg/upstream/cost"
)

// compileCost is upstream.Options.Cost.
func compileCost(expression string) (balance.Cost, error) { return cost.Compile(expression) }
