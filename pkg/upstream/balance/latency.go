package balance

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// decay is the time in which a past response time loses all but 1/e of its weight.
	decay = 10 * time.Second
	// penalty is what a failed try counts as at least.
	penalty = time.Second
	// cold is the cost of a member that has never answered and has a request under
	// way: more than that of any other, so that one request at a time finds out.
	cold = math.MaxFloat64 / 4
)

// Latency is a moving average of response times that follows a rise at once and
// forgets it slowly ("peak EWMA"). The zero value has seen none.
type Latency struct {
	// mu is held by those who write.
	mu sync.Mutex
	// nanos are the bits of the average as a float64, of the time at: 0 for none.
	nanos atomic.Uint64
	at    atomic.Int64
}

// Observe takes a response time into account.
func (l *Latency) Observe(now time.Time, took time.Duration) {
	took = max(took, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.UnixNano()
	average := math.Float64frombits(l.nanos.Load())
	sample := float64(took)
	if sample < average {
		// Many samples in a short time weigh as much as few: each by the time since the last.
		weight := math.Exp(-float64(max(at-l.at.Load(), 0)) / float64(decay))
		sample = average*weight + sample*(1-weight)
	}
	l.nanos.Store(math.Float64bits(sample))
	l.at.Store(max(at, l.at.Load()))
}

// Fail takes a try into account that got no answer: an endpoint that fails fast
// must not look fast.
func (l *Latency) Fail(now time.Time, took time.Duration) {
	l.Observe(now, max(took, penalty))
}

// Average returns the average as of the last observation, 0 for none.
func (l *Latency) Average() time.Duration {
	return time.Duration(math.Float64frombits(l.nanos.Load()))
}

// cost is the time that another request would take, for requests under way.
// A member that nobody asked for a while becomes cheaper, so that one that was slow
// once is tried again.
func (l *Latency) cost(now int64, inFlight int64) float64 {
	average := math.Float64frombits(l.nanos.Load())
	if average == 0 && inFlight > 0 {
		return cold
	}
	if idle := now - l.at.Load(); idle > 0 {
		average *= math.Exp(-float64(idle) / float64(decay))
	}
	return average * float64(inFlight+1)
}

// LeastLatency draws two members and takes the one of the lower cost: its average
// response time by its requests under way. One that has not answered yet gets
// one request at a time.
func LeastLatency(members, skip []*Member, now time.Time, ramp Ramp) int {
	if len(members) < 2 {
		return 0
	}
	a, b := two(members, skip)
	if members[b].cost(now, ramp) < members[a].cost(now, ramp) {
		return b
	}
	return a
}

func (m *Member) cost(now time.Time, ramp Ramp) float64 {
	cost := m.Latency.cost(now.UnixNano(), m.InFlight.Load())
	if ramp.Window <= 0 {
		return cost
	}
	return cost / ramp.Share(m)
}
