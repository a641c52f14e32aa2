package queue

import (
	"maps"
	"slices"
	"sync"
)

// Registry holds limiters by key, each as long as somebody has acquired it.
type Registry struct {
	// mu guards what follows and Limiter.refs. A limiter's lock may be taken
	// while it is held, never the other way round.
	mu       sync.Mutex
	limiters map[string]*Limiter
	// replicas is how many share Limits.Shared, at least 1.
	replicas int
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry { return &Registry{limiters: make(map[string]*Limiter), replicas: 1} }

// Acquire returns the limiter of a key, which is made if it is not there, and
// adds a reference to it. One that is there already takes over the limits, for all that
// run or wait.
func (r *Registry) Acquire(key string, limits Limits) *Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.limiters[key]
	if l == nil {
		l = newLimiter(key, r)
		r.limiters[key] = l
	}
	l.refs++
	l.set(limits, r.replicas)
	return l
}

// SetReplicas says among how many replicas of the process Limits.Shared are divided; less
// than 1 counts as 1.
func (r *Registry) SetReplicas(n int) {
	n = max(n, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if n == r.replicas {
		return
	}
	r.replicas = n
	for _, l := range r.limiters {
		asked, _ := l.Limits()
		l.set(asked, n)
	}
}

// Release drops one reference. Without the last one the registry forgets the
// limiter; who still runs or waits is served to the end.
func (l *Limiter) Release() {
	r := l.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.refs == 0 {
		panic("queue: limiter " + l.key + " released more often than acquired")
	}
	if l.refs--; l.refs == 0 {
		delete(r.limiters, l.key)
	}
}

// Stats returns the numbers of all limiters, sorted by key.
func (r *Registry) Stats() []Stats {
	r.mu.Lock()
	keys := slices.Sorted(maps.Keys(r.limiters))
	all := make([]Stats, len(keys))
	for i, key := range keys {
		all[i] = r.limiters[key].Stats()
	}
	r.mu.Unlock()
	return all
}
