package rate

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// Limit is how much may come.
type Limit struct {
	// Requests may come in each Per; both are more than 0.
	Requests int
	Per      time.Duration
	// Burst may come at once, at least 1.
	Burst int
	// Shared says that all replicas of the process share Requests and Burst: each lets an equal
	// part pass, of Burst rounded down and at least 1.
	Shared bool
}

// Decision says whether a request may pass, and what its client may still send.
type Decision struct {
	OK bool
	// Remaining is how many more may come at once.
	Remaining int
	// RetryAfter is how long to wait before the next one may come; 0 where it may now.
	RetryAfter time.Duration
	// Reset is how long to rest until Burst may come at once.
	Reset time.Duration
}

// maxClients bounds the clients that a Limiter remembers.
const maxClients = 1 << 16

const shards = 16

// Limiter bounds the requests of each client.
type Limiter struct {
	key      string
	registry *Registry
	refs     int

	rhythm  atomic.Pointer[rhythm]
	refused atomic.Uint64
	passed  atomic.Uint64

	seed   maphash.Seed
	shards [shards]shard
}

// rhythm is a Limit in the terms of the algorithm.
type rhythm struct {
	limit Limit
	// step is the time between two requests, in nanoseconds; slack is how far a
	// client may be ahead of it.
	step, slack int64
}

// shard is a part of the clients.
type shard struct {
	mu sync.Mutex
	// ahead is when each client will have rested: the theoretical time of arrival of its
	// next request, in nanoseconds. Who is not there has rested.
	ahead map[string]*int64
	_     [40]byte
}

func newLimiter(key string, r *Registry) *Limiter {
	l := &Limiter{key: key, registry: r, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].ahead = make(map[string]*int64)
	}
	return l
}

func (l *Limiter) set(limit Limit, replicas int) {
	if !limit.Shared {
		replicas = 1
	}
	step := max(int64(limit.Per)/int64(limit.Requests), 1) * int64(replicas)
	burst := max(limit.Burst/replicas, 1)
	l.rhythm.Store(&rhythm{limit: limit, step: step, slack: step * int64(burst-1)})
}

// Limit returns what is in force.
func (l *Limiter) Limit() Limit { return l.rhythm.Load().limit }

// Allow decides on one request of a client at an instant, and counts it where it
// may pass. Instants should not go back by much: an earlier one is as if the client
// had come sooner.
func (l *Limiter) Allow(client []byte, now time.Time) Decision {
	r, at := l.rhythm.Load(), now.UnixNano()
	s := &l.shards[maphash.Bytes(l.seed, client)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	known, arrival := s.ahead[string(client)], at
	if known != nil {
		arrival = max(*known, at)
	}
	if wait := arrival - at - r.slack; wait > 0 {
		l.refused.Add(1)
		return Decision{RetryAfter: time.Duration(wait), Reset: time.Duration(arrival - at)}
	}
	l.passed.Add(1)
	next := arrival + r.step
	if known == nil {
		if len(s.ahead) >= maxClients/shards {
			s.forget(at)
		}
		known = new(int64)
		s.ahead[string(client)] = known
	}
	*known = next
	return Decision{OK: true, Remaining: int((r.slack - (next - at - r.step)) / r.step), Reset: time.Duration(next - at)}
}

// looked is how many clients are looked at to find one to forget.
const looked = 16

// forget makes room: it drops those of a few clients that have rested, and if
// none has, the one that comes nearest.
func (s *shard) forget(at int64) {
	nearest, least, found, n := "", int64(0), false, 0
	for client, arrival := range s.ahead {
		if *arrival <= at {
			delete(s.ahead, client)
			found = true
		} else if least == 0 || *arrival < least {
			nearest, least = client, *arrival
		}
		if n++; n == looked {
			break
		}
	}
	if !found {
		delete(s.ahead, nearest)
	}
}

// sweep drops the clients that have rested.
func (l *Limiter) sweep(at int64) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for client, arrival := range s.ahead {
			if *arrival <= at {
				delete(s.ahead, client)
			}
		}
		s.mu.Unlock()
	}
}

// clients returns how many are remembered.
func (l *Limiter) clients() (n int) {
	for i := range l.shards {
		l.shards[i].mu.Lock()
		n += len(l.shards[i].ahead)
		l.shards[i].mu.Unlock()
	}
	return n
}
