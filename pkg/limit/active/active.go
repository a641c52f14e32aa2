// Package active counts what each client has under way, and bounds it.
//
// In come keys, bounds and clients; out comes whether one more may begin. Limiters are
// kept by key for as long as somebody has acquired them, so that what is under way is
// known when a table is swapped. Any goroutine may call everything.
package active

import "sync"

// Registry holds limiters by key.
type Registry struct {
	// mu guards what follows and Limiter.refs.
	mu       sync.Mutex
	limiters map[string]*Limiter
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry { return &Registry{limiters: make(map[string]*Limiter)} }

// Limiter counts what clients have under way.
type Limiter struct {
	key      string
	registry *Registry
	refs     int

	// mu guards clients, which are those that have something under way.
	mu      sync.Mutex
	clients map[string]int
}

// Acquire returns the limiter of a key, which is made if it is not there, and adds a reference to it.
func (r *Registry) Acquire(key string) *Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.limiters[key]
	if l == nil {
		l = &Limiter{key: key, registry: r, clients: make(map[string]int)}
		r.limiters[key] = l
	}
	l.refs++
	return l
}

// Release drops one reference; with the last one the registry forgets the limiter.
func (l *Limiter) Release() {
	l.registry.mu.Lock()
	defer l.registry.mu.Unlock()
	if l.refs == 0 {
		panic("active: limiter " + l.key + " released more often than acquired")
	}
	if l.refs--; l.refs == 0 {
		delete(l.registry.limiters, l.key)
	}
}

// Enter counts one more of a client, unless it has as many as the bound under way.
func (l *Limiter) Enter(client string, bound int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.clients[client] >= bound {
		return false
	}
	l.clients[client]++
	return true
}

// Leave ends one that Enter has counted.
func (l *Limiter) Leave(client string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.clients[client]--; l.clients[client] <= 0 {
		delete(l.clients, client)
	}
}

// Clients returns how many have something under way.
func (l *Limiter) Clients() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.clients)
}
