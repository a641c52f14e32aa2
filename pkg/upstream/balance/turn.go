package balance

import "math/rand/v2"

// InTurn takes the member whose turn it is. One in its slow start lets that part of
// its turns pass that it does not get yet.
func InTurn(members, skip []*Member, turn *RoundRobin, ramp Ramp) int {
	first := turn.Next(len(members))
	if ramp.Window > 0 {
		// To hand a turn that is passed on to the neighbour would double the
		// neighbour's share, so another turn is taken.
		for range 4 * len(members) {
			if share := ramp.Share(members[first]); share >= 1 || rand.Float64() < share {
				break
			}
			first = turn.Next(len(members))
		}
	}
	return next(members, skip, first)
}

// next returns the first member from a number on that is not to be avoided, and
// that of the number where all are.
func next(members, skip []*Member, first int) int {
	if len(skip) == 0 {
		return first
	}
	for i := range members {
		at := (first + i) % len(members)
		if !skips(skip, members[at]) {
			return at
		}
	}
	return first
}
