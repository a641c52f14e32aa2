package balance_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// cheapestOracle sorts those that may be taken by their cost, and by where they stand behind first.
func cheapestOracle(costs []byte, skipped uint16, first int) int {
	var order []int
	for i := range costs {
		if at := (first + i) % len(costs); skipped&(1<<at) == 0 {
			order = append(order, at)
		}
	}
	if len(order) == 0 {
		return first
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(costs[a]) - int(costs[b]) })
	return order[0]
}

func FuzzCheapestIsTheOracle(f *testing.F) {
	f.Add([]byte{3, 1, 2, 1}, uint16(2), uint8(3))
	f.Add([]byte{1, 1, 1}, uint16(0), uint8(1))
	f.Add([]byte{7}, uint16(1), uint8(0))
	f.Fuzz(func(t *testing.T, costs []byte, skipped uint16, turn uint8) {
		if len(costs) == 0 || len(costs) > 16 {
			return
		}
		members, first := idle(len(costs)), int(turn)%len(costs)
		var skip []*balance.Member
		for i, m := range members {
			if skipped&(1<<i) != 0 {
				skip = append(skip, m)
			}
		}
		got, err := balance.Cheapest(members, skip, first, func(at int) (float64, error) { return float64(costs[at]), nil })
		if want := cheapestOracle(costs, skipped, first); err != nil || got != want {
			t.Fatalf("of %v without %b from %d on: got %d, %v, want %d", costs, skipped, first, got, err, want)
		}
	})
}

func TestACostThatFailsEndsTheSearch(t *testing.T) {
	failed := errors.New("no cost")
	asked := 0
	_, err := balance.Cheapest(idle(5), nil, 1, func(at int) (float64, error) {
		if asked++; at == 2 {
			return 0, failed
		}
		return 1, nil
	})
	if !errors.Is(err, failed) || asked != 2 {
		t.Errorf("got %v after %d costs", err, asked)
	}
}
