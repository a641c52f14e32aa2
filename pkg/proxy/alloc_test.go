//go:build !race

// The race detector makes sync.Pool forget at random, so there is nothing to be
// counted with it.

package proxy_test

import (
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestKeptAliveGetDoesNotAllocate(t *testing.T) {
	k := startFast(t)
	nc := k.Dial(ir.ListenerHTTP)
	buf := make([]byte, 4096)
	for range 100 {
		get(t, nc, buf)
	}
	// Pools may be emptied by a collection meanwhile, hence the allowance.
	if n := testing.AllocsPerRun(2000, func() { get(t, nc, buf) }); n > 0.5 {
		t.Errorf("%v allocations for one exchange", n)
	}
}
