package match

// Explanation is why Find finds what it finds.
type Explanation[T any] struct {
	// Hosts are those that match the request's host, in the order in which they are tried.
	Hosts []HostExplanation[T]
	// Near are at most 5 patterns that do not match though they share the last
	// two labels of the request's host, those that share most first.
	Near []string
	// Found is what Find returns; OK is false where it finds nothing.
	Found T
	OK    bool
}

// HostExplanation is one host that was tried.
type HostExplanation[T any] struct {
	Pattern string
	// Routes are in order of precedence. Where a host has many, those are left out
	// whose path is the least like the request's; Omitted counts them.
	Routes  []RouteExplanation[T]
	Omitted int
}

// RouteExplanation is one route that was looked at.
type RouteExplanation[T any] struct {
	// Rank is the route's index among those of its host.
	Rank    int
	Payload T
	Verdict Verdict
	// Reason is a sentence without a full stop; empty for Chosen.
	Reason string
}

// Verdict is what became of a route.
type Verdict uint8

const (
	// Chosen is the route that Find returns.
	Chosen Verdict = iota
	// Mismatch: a condition does not hold.
	Mismatch
	// Shadowed: all conditions hold, but an earlier route was chosen.
	Shadowed
	// Broken: New reported a Fault for it, so it never matches.
	Broken
)

// String returns the verdict in lower case.
func (v Verdict) String() string {
	switch v {
	case Chosen:
		return "chosen"
	case Mismatch:
		return "mismatch"
	case Shadowed:
		return "shadowed"
	case Broken:
		return "broken"
	}
	return "unknown"
}
