package upstream

import (
	"errors"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestPickBelowLeavesOutWhatIsFull(t *testing.T) {
	for name, strategy := range map[string]ir.Balance{
		"in turn":       {},
		"least request": {Strategy: ir.LeastRequest},
		"least latency": {Strategy: ir.LeastLatency},
		"random":        {Strategy: ir.Random, Choices: 2},
		"hash":          {Strategy: ir.Hash, Hash: ir.HashBy{Source: ir.HashPath}},
		"by weight":     {Strategy: ir.WeightedRoundRobin},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRegistry(Options{})
			defer r.Close()
			set := ready("s", 1, 2, 3)
			r.SetEndpoints(set)
			p := r.Acquire(ir.Upstream{Key: "u", Endpoints: "s", Balance: strategy})
			const most = 2
			taken := make(map[any]int)
			full := func(e any) bool { return taken[e] >= most }
			ask := Ask{Hash: 7, Hashed: true}
			for range 3 * most {
				e, err := p.PickBelow(ask, full)
				if err != nil {
					t.Fatal(err)
				}
				taken[e]++
			}
			for e, n := range taken {
				if n != most {
					t.Errorf("%s has %d requests, want %d", e.(*Endpoint).Address(), n, most)
				}
			}
			if _, err := p.PickBelow(ask, full); !errors.Is(err, ErrFull) {
				t.Errorf("got %v where all are full", err)
			}
			e := p.list.Load().serving[0]
			taken[e]--
			if again, err := p.PickBelow(ask, full, e); !errors.Is(err, ErrFull) {
				t.Errorf("got %v, %v where only an endpoint is not full that was tried", again, err)
			}
			all := p.list.Load().serving
			if again, err := p.PickBelow(ask, full, all...); err != nil || again != e {
				t.Errorf("got %v, %v where all were tried, want the one that is not full", again, err)
			}
			changed := make(chan struct{}, 9)
			stop := p.Watch(func() { changed <- struct{}{} })
			r.SetEndpoints(ir.EndpointSet{Key: "s"})
			<-changed
			if _, err := p.PickBelow(ask, full); !errors.Is(err, ErrNoEndpoints) {
				t.Errorf("got %v where there is no endpoint", err)
			}
			stop()
			r.SetEndpoints(set)
			if len(changed) > 0 {
				t.Error("a change was told after the end of the watch")
			}
		})
	}
}
