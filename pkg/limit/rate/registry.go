package rate

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// sweepEvery is how often clients that have rested are forgotten.
const sweepEvery = time.Minute

// Registry holds limiters by key, each as long as somebody has acquired it.
type Registry struct {
	stop, done chan struct{}
	close      sync.Once

	// mu guards what follows and Limiter.refs.
	mu       sync.Mutex
	limiters map[string]*Limiter
	// replicas is how many share Limit.Shared, at least 1.
	replicas int
}

// NewRegistry makes an empty registry. It owns a goroutine, which Close ends.
func NewRegistry() *Registry {
	r := &Registry{stop: make(chan struct{}), done: make(chan struct{}), limiters: make(map[string]*Limiter), replicas: 1}
	go r.sweep()
	return r
}

// Close ends the registry's goroutine. Limiters go on. Further calls do nothing.
func (r *Registry) Close() {
	r.close.Do(func() {
		close(r.stop)
		<-r.done
	})
}

// Acquire returns the limiter of a key, which is made if it is not there, and
// adds a reference to it. One that is there already takes over the limit and knows its
// clients still.
func (r *Registry) Acquire(key string, limit Limit) *Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.limiters[key]
	if l == nil {
		l = newLimiter(key, r)
		r.limiters[key] = l
	}
	l.refs++
	l.set(limit, r.replicas)
	return l
}

// SetReplicas says among how many replicas of the process Limit.Shared are divided; less than
// 1 counts as 1.
func (r *Registry) SetReplicas(n int) {
	n = max(n, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replicas = n
	for _, l := range r.limiters {
		l.set(l.Limit(), n)
	}
}

// Release drops one reference; with the last one the registry forgets the limiter.
func (l *Limiter) Release() {
	r := l.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.refs == 0 {
		panic("rate: limiter " + l.key + " released more often than acquired")
	}
	if l.refs--; l.refs == 0 {
		delete(r.limiters, l.key)
	}
}

// Stats are the numbers of one limiter.
type Stats struct {
	Key             string
	Passed, Refused uint64
	// Clients is how many are remembered.
	Clients int
}

// Stats returns the numbers of all limiters, sorted by key.
func (r *Registry) Stats() []Stats {
	all := r.all()
	stats := make([]Stats, len(all))
	for i, l := range all {
		stats[i] = Stats{Key: l.key, Passed: l.passed.Load(), Refused: l.refused.Load(), Clients: l.clients()}
	}
	return stats
}

// all returns the limiters, sorted by key.
func (r *Registry) all() []*Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Limiter, 0, len(r.limiters))
	for _, key := range slices.Sorted(maps.Keys(r.limiters)) {
		all = append(all, r.limiters[key])
	}
	return all
}

func (r *Registry) sweep() {
	defer close(r.done)
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case now := <-ticker.C:
			for _, l := range r.all() {
				l.sweep(now.UnixNano())
			}
		}
	}
}
