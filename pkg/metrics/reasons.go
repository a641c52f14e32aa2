package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
)

// maxReasons bounds how many words a reasons counts apart; the rest count as otherReason.
const maxReasons = 256

const otherReason = "other"

// reasons counts by a word. The words come from a small set that is not known
// beforehand: the map is copied when a new one comes and read without a lock otherwise.
type reasons struct {
	counts atomic.Pointer[map[string]*atomic.Uint64]
	// mu is held while the map is replaced.
	mu sync.Mutex
}

// add counts one.
func (r *reasons) add(word string) {
	if m := r.counts.Load(); m != nil {
		if n := (*m)[word]; n != nil {
			n.Add(1)
			return
		}
	}
	r.learn(word).Add(1)
}

// learn returns the counter of a word, which is made if it is not there.
func (r *reasons) learn(word string) *atomic.Uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := make(map[string]*atomic.Uint64)
	if m := r.counts.Load(); m != nil {
		if len(*m) >= maxReasons && (*m)[word] == nil {
			word = otherReason
		}
		if n := (*m)[word]; n != nil {
			return n
		}
		next = maps.Clone(*m)
	}
	n := new(atomic.Uint64)
	next[word] = n
	r.counts.Store(&next)
	return n
}

// each calls yield with each word and its count.
func (r *reasons) each(yield func(word string, n uint64)) {
	if m := r.counts.Load(); m != nil {
		for word, n := range *m {
			yield(word, n.Load())
		}
	}
}
