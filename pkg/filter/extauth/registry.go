package extauth

import (
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
)

// What one filter remembers is bounded in number, and each by the lengths of its key and its body.
const (
	maxAnswers        = 4096
	maxKey            = 4096
	maxRememberedBody = 4096
)

// Registry keeps what filters remember, by ir.ExternalAuth.Key, as long as one of them is there,
// so that it outlives tables. The zero value is ready for use, by any goroutine.
type Registry struct{ shared filter.Shared[*answers] }

// answers are those that are remembered for one filter.
type answers struct {
	mu    sync.Mutex
	byKey map[string]remembered
}

type remembered struct {
	verdict *verdict
	until   time.Time
}

// acquire returns what is remembered under a key, until release.
func (r *Registry) acquire(key string) (a *answers, release func(), err error) {
	return r.shared.Acquire(filter.DigestOf(key), func() (*answers, error) {
		return &answers{byKey: make(map[string]remembered)}, nil
	})
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
