package balance

import (
	"slices"
	"sync/atomic"
	"time"
)

// Member is what strategies know of one endpoint. It stays the same object as
// long as the endpoint does.
type Member struct {
	// name is the hash of its name.
	name uint64
	// InFlight counts the requests under way.
	InFlight atomic.Int64
	// Latency is how fast it answers.
	Latency Latency
	// since is when its slow start began, in nanoseconds of the Unix time.
	since atomic.Int64
}

// Named makes the member that Hash knows by a name, which must not change.
func (m *Member) Named(name string) { m.name = HashOf([]byte(name)) }

// Begin begins the slow start at a time.
func (m *Member) Begin(now time.Time) { m.since.Store(now.UnixNano()) }

// Since returns when its slow start began.
func (m *Member) Since() time.Time { return time.Unix(0, m.since.Load()) }

// Ramp is how far slow starts have come at one moment. The zero value is one
// without slow start: every member has its full share.
type Ramp struct {
	// Now is the time.
	Now time.Time
	// Window is how long a slow start takes; 0 where there is none.
	Window time.Duration
}

// firstShare is the share with which a slow start begins.
const firstShare = 0.1

// Share returns the part of its full share that a member gets: from firstShare
// at the beginning of its slow start to 1 at its end.
func (r Ramp) Share(m *Member) float64 {
	if r.Window <= 0 {
		return 1
	}
	age := time.Duration(r.Now.UnixNano() - m.since.Load())
	return min(max(float64(age)/float64(r.Window), firstShare), 1)
}

// skips says whether a member is to be avoided.
func skips(skip []*Member, m *Member) bool { return len(skip) > 0 && slices.Contains(skip, m) }
