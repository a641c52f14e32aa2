package upstream

import (
	"errors"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// byPlace is a cost that is the address's place in a list, and an error for others.
type byPlace []string

func (c byPlace) Of(s *balance.Subject, _ balance.Asker) (float64, error) {
	for i, address := range c {
		if address == s.Address {
			return float64(i), nil
		}
	}
	return 0, errors.New("no cost")
}

func TestTheCheapestIsPicked(t *testing.T) {
	costs := map[string]balance.Cost{
		"third":  byPlace{"10.0.0.3:8080", "10.0.0.1:8080", "10.0.0.2:8080"},
		"second": byPlace{"10.0.0.2:8080", "10.0.0.1:8080", "10.0.0.3:8080"},
		"broken": byPlace{"10.0.0.2:8080"},
	}
	r := NewRegistry(Options{Cost: func(e string) (balance.Cost, error) {
		if c := costs[e]; c != nil {
			return c, nil
		}
		return nil, errors.New("no such cost")
	}})
	defer r.Close()
	r.SetEndpoints(ready("s", 1, 2, 3))
	u := upstreamOf("u", "s")
	pick := func(cost string, tried ...*Endpoint) *Endpoint {
		u.Balance = ir.Balance{Strategy: ir.Expression, Cost: cost}
		p := r.Acquire(u)
		e, err := p.PickFor(Ask{}, tried...)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	third := pick("third")
	if third.Address() != "10.0.0.3:8080" {
		t.Errorf("got %s, want the third", third.Address())
	}
	if e := pick("third", third); e.Address() != "10.0.0.1:8080" {
		t.Errorf("got %s after the third was tried, want the first", e.Address())
	}
	if e := pick("second"); e.Address() != "10.0.0.2:8080" {
		t.Errorf("got %s once the expression is another, want the second", e.Address())
	}
	p := third.Pool()
	if n := p.costErrors.Load(); n != 0 {
		t.Errorf("%d costs failed", n)
	}
	// Each of the three has one request now, and no cost decides: they are used alike.
	for _, cost := range []string{"broken", "unknown", "broken"} {
		pick(cost)
	}
	for _, e := range p.list.Load().serving {
		if e.InFlight() != 2 {
			t.Errorf("%s has %d requests, want 2", e.Address(), e.InFlight())
		}
	}
	if n := p.costErrors.Load(); n != 3 {
		t.Errorf("%d costs failed, want 3", n)
	}
}
