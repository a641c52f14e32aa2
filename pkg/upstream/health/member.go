package health

import (
	"sync/atomic"
	"time"
)

// Policy is when an endpoint is ejected.
type Policy struct {
	// Failures is after how many failures in a row; 0 means never.
	Failures int
	// EjectFor is for how long the first time.
	EjectFor time.Duration
	// MaxPercent is how many of the endpoints may be out at once, between 1 and 100.
	MaxPercent int
}

// maxGrowth bounds the time of an ejection as a multiple of EjectFor.
const maxGrowth = 10

// Member is the health of one endpoint. The zero value is one of which nothing is known.
type Member struct {
	// failures counts those since the last success.
	failures atomic.Int64
	// until is when its ejection ends, in nanoseconds of the Unix time; 0 where it is not out.
	until atomic.Int64

	// times is how many ejections count for how long the next one is, and back when the last
	// one ended. They are the owner's.
	times int
	back  time.Time
}

// Succeeded tells of a try that ended well.
func (m *Member) Succeeded() {
	if m.failures.Load() != 0 {
		m.failures.Store(0)
	}
}

// Failed tells of a try that ended by the endpoint's fault, and says whether there were so many
// in a row that Eject should be called. It says so once for that many.
func (m *Member) Failed(p Policy) bool {
	if p.Failures <= 0 || m.Out() {
		return false
	}
	n := m.failures.Add(1)
	return n%int64(p.Failures) == 0
}

// Out says that the endpoint is ejected.
func (m *Member) Out() bool { return m.until.Load() != 0 }

// Until returns when the ejection ends; zero where there is none.
func (m *Member) Until() time.Time {
	n := m.until.Load()
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

// Eject ejects the endpoint, one of all of which out are out, and returns for how long; ok is
// false where the policy allows no more, or it is out. Each ejection is longer than the
// one before by EjectFor, up to ten times that; for each EjectFor that the endpoint has served
// since, one counts no more.
func (m *Member) Eject(p Policy, out, all int, now time.Time) (d time.Duration, ok bool) {
	if m.Out() || out >= Bound(all, p.MaxPercent) {
		return 0, false
	}
	if served := now.Sub(m.back); p.EjectFor > 0 && m.times > 0 {
		m.times -= int(min(max(served/p.EjectFor, 0), time.Duration(m.times)))
	}
	m.times = min(m.times+1, maxGrowth)
	d = time.Duration(m.times) * p.EjectFor
	m.until.Store(now.Add(d).UnixNano())
	return d, true
}

// Return ends the ejection.
func (m *Member) Return(now time.Time) {
	if m.Out() {
		m.back = now
		m.failures.Store(0)
		m.until.Store(0)
	}
}

// Bound returns how many of all endpoints a percentage lets be out at once: rounded down, but
// one in any case.
func Bound(all, percent int) int { return max(all*percent/100, 1) }
