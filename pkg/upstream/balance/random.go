package balance

import "math/rand/v2"

// Random draws as many members as choices says, 1 or 2, and takes the one with
// the fewest requests under way. With one choice, a member in its slow start is drawn
// again as often as its share says.
func Random(members, skip []*Member, choices int, ramp Ramp) int {
	if choices < 2 || len(members) < 2 {
		at := rand.IntN(len(members))
		if ramp.Window > 0 {
			for range 4 * len(members) {
				if share := ramp.Share(members[at]); share >= 1 || rand.Float64() < share {
					break
				}
				at = rand.IntN(len(members))
			}
		}
		return next(members, skip, at)
	}
	a, b := two(members, skip)
	if load(members[b], ramp) < load(members[a], ramp) {
		return b
	}
	return a
}

// two draws two different members of at least two. Those to be avoided make way
// for their neighbours, so that both may be the same one in the end.
func two(members, skip []*Member) (a, b int) {
	a = rand.IntN(len(members))
	b = rand.IntN(len(members) - 1)
	if b >= a {
		b++
	}
	return next(members, skip, a), next(members, skip, b)
}
