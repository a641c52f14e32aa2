package balance

// LeastRequest takes the member with the fewest requests under way, of equal
// ones the first from a number on, which should go round. It looks at all.
func LeastRequest(members, skip []*Member, first int, ramp Ramp) int {
	best, least := -1, 0.0
	for i := range members {
		at := (first + i) % len(members)
		if skips(skip, members[at]) {
			continue
		}
		if load := load(members[at], ramp); best < 0 || load < least {
			best, least = at, load
		}
	}
	if best < 0 {
		return first
	}
	return best
}

// load is how busy a member would be with one request more, for its share.
func load(m *Member, ramp Ramp) float64 {
	requests := float64(m.InFlight.Load() + 1)
	if ramp.Window <= 0 {
		return requests
	}
	return requests / ramp.Share(m)
}
