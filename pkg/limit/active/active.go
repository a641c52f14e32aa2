// Package active counts what each client has under way, and bounds it.
//
// In come bounds and clients; out comes whether one more may begin. Any goroutine may call everything.
package active

import "sync"

// Limiter counts what clients have under way.
type Limiter struct {
	// mu guards clients, which are those that have something under way.
	mu      sync.Mutex
	clients map[string]int
}

// New makes a limiter of which nobody has anything under way.
func New() *Limiter { return &Limiter{clients: make(map[string]int)} }

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
