package balance

import (
	"math"

	"github.com/cespare/xxhash/v2"
)

// HashOf returns the hash of a part of a request or of a member's name, the same on
// every replica.
func HashOf(part []byte) uint64 { return xxhash.Sum64(part) }

// unbounded is the number of requests under way up to which no member counts as
// full: with few requests, every bound relative to the average would send those
// of one key to different members.
const unbounded = 8

// Hash takes the member of the highest rank for a hash (Thaler and Ravishankar,
// "Using Name-Based Mappings to Increase Hit Rates", 1998). The rank depends on the
// hash and the member's name alone, so that each replica takes the same one, and
// where a member goes, its hashes alone move: to all others alike. A ring or a Maglev table
// would be looked up in constant time, but moves more and must be built anew with
// each change of the members.
//
// A member that is to be avoided, or has more requests under way than
// maxLoadPercent of the average (at least 100; 0: no bound), leaves the request to the next in rank.
func Hash(hash uint64, members, skip []*Member, maxLoadPercent int) int {
	first, best := 0, uint64(0)
	for i, m := range members {
		if r := rank(hash, m); r >= best {
			first, best = i, r
		}
	}
	full := maxLoadPercent > 0 && members[first].InFlight.Load() >= unbounded
	if !full && !skips(skip, members[first]) {
		return first
	}
	return nextInRank(hash, members, skip, first, maxLoadPercent)
}

// nextInRank takes the member of the highest rank that may be taken. One that is full is
// better than one to be avoided.
func nextInRank(hash uint64, members, skip []*Member, first, maxLoadPercent int) int {
	bound := int64(math.MaxInt64)
	if maxLoadPercent > 0 {
		bound = boundOf(members, maxLoadPercent)
	}
	free, full := -1, -1
	var bestFree, bestFull uint64
	for i, m := range members {
		if skips(skip, m) {
			continue
		}
		r := rank(hash, m)
		if full < 0 || r >= bestFull {
			full, bestFull = i, r
		}
		if m.InFlight.Load() < bound && (free < 0 || r >= bestFree) {
			free, bestFree = i, r
		}
	}
	switch {
	case free >= 0:
		return free
	case full >= 0:
		return full
	}
	return first
}

// rank mixes a hash with that of a member's name, by the finalizer of MurmurHash3,
// so that each bit of either changes half of the rank's.
func rank(hash uint64, m *Member) uint64 {
	x := hash ^ m.name
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// boundOf returns the number of requests under way at which a member is full:
// the percentage of the average with the new request, rounded up.
func boundOf(members []*Member, percent int) int64 {
	total := int64(1)
	for _, m := range members {
		total += m.InFlight.Load()
	}
	parts := int64(len(members)) * 100
	return max((total*int64(percent)+parts-1)/parts, unbounded)
}
