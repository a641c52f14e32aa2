package filter

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// Digest stands for what a value depends on.
type Digest [sha256.Size]byte

// DigestOf returns the digest of some texts, which is another for each other list of them.
func DigestOf(parts ...string) Digest {
	h := sha256.New()
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return Digest(h.Sum(nil))
}

// Shared keeps values as long as somebody uses them, each for what it depends on: filters of a
// new table find what those of the old one have learned. The zero value is ready for use, by any goroutine.
type Shared[T any] struct {
	mu       sync.Mutex
	byDigest map[Digest]*shared[T]
}

type shared[T any] struct {
	value T
	users int
}

// Acquire returns the value for a digest, which build makes where nobody has it yet. release, which gives it back,
// must be called once, unless there is an error. A nil Shared shares nothing.
func (s *Shared[T]) Acquire(of Digest, build func() (T, error)) (value T, release func(), err error) {
	if s == nil {
		value, err = build()
		return value, func() {}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.byDigest[of]
	if kept == nil {
		kept = new(shared[T])
		if kept.value, err = build(); err != nil {
			return value, nil, err
		}
		if s.byDigest == nil {
			s.byDigest = make(map[Digest]*shared[T])
		}
		s.byDigest[of] = kept
	}
	kept.users++
	return kept.value, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if kept.users == 0 {
			panic("filter: a shared value released more often than acquired")
		}
		if kept.users--; kept.users == 0 {
			delete(s.byDigest, of)
		}
	}, nil
}

// Len returns how many values there are.
func (s *Shared[T]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byDigest)
}
