package extauth

import (
	"sync"
	"time"
)

// What one filter remembers is bounded in number, and each by the lengths of its key and its body.
const (
	maxAnswers        = 4096
	maxKey            = 4096
	maxRememberedBody = 4096
)

// Registry keeps what filters remember, by ir.ExternalAuth.Key, as long as one of them is there,
// so that it outlives tables.
type Registry struct {
	mu    sync.Mutex
	byKey map[string]*answers
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry { return &Registry{byKey: make(map[string]*answers)} }

// answers are those that are remembered for one filter.
type answers struct {
	registry *Registry
	key      string
	// users is guarded by registry.mu.
	users int

	mu    sync.Mutex
	byKey map[string]remembered
}

type remembered struct {
	verdict *verdict
	until   time.Time
}

func (r *Registry) acquire(key string) *answers {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.byKey[key]
	if a == nil {
		a = &answers{registry: r, key: key, byKey: make(map[string]remembered)}
		r.byKey[key] = a
	}
	a.users++
	return a
}

func (a *answers) release() {
	a.registry.mu.Lock()
	defer a.registry.mu.Unlock()
	if a.users--; a.users == 0 {
		delete(a.registry.byKey, a.key)
	}
}

func (a *answers) get(key string, now time.Time) *verdict {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.byKey[key]
	if !ok {
		return nil
	}
	if !now.Before(r.until) {
		delete(a.byKey, key)
		return nil
	}
	return r.verdict
}

// put remembers an answer, in the place of any other where there are too many.
func (a *answers) put(key string, v *verdict, until time.Time) {
	if len(key) > maxKey || len(v.body) > maxRememberedBody {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.byKey) >= maxAnswers {
		for old := range a.byKey {
			delete(a.byKey, old)
			break
		}
	}
	a.byKey[key] = remembered{v, until}
}
