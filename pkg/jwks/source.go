package jwks

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// firstRetry is the time after a failed request, doubled with each up to lastRetry.
	firstRetry = time.Second
	lastRetry  = time.Minute
	// minGap is the least time between two requests that tokens with unknown keys ask for, so
	// that nobody makes Sluice ask as often as they like.
	minGap = 10 * time.Second
)

// Source keeps the key set of a URL up to date. The last good set is used for as long as
// no other can be had.
type Source struct {
	registry *Registry
	spec     Spec
	client   *http.Client
	stop     context.CancelFunc
	// users is guarded by registry.mu.
	users int
	// wanted holds a word where the next request should be made at once. It is sent with mu
	// held and busy false, and taken out with busy true, so that it always has room.
	wanted chan struct{}

	// mu guards what follows.
	mu  sync.Mutex
	set *Set
	err error
	// tried is closed at the end of each request, and made anew.
	tried chan struct{}
	// at is when the last request began, and busy says that one is asked for or under way.
	at   time.Time
	busy bool
}

// Release gives it back.
func (s *Source) Release() { s.registry.release(s) }

// Set returns the last good set, nil as long as there was none, and why the last request
// failed, nil where it did not.
func (s *Source) Set() (*Set, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set, s.err
}

// Await returns the last good set, and waits for the first one for at most the time given.
func (s *Source) Await(bound time.Duration) *Set {
	s.mu.Lock()
	set, tried := s.set, s.tried
	s.mu.Unlock()
	if set != nil {
		return set
	}
	return s.after(tried, bound)
}

// Renew fetches the set anew, as old has not the key that is looked for, and returns it
// after at most the time given. It returns old where that was fetched a moment ago.
func (s *Source) Renew(old *Set, bound time.Duration) *Set {
	s.mu.Lock()
	set, tried := s.set, s.tried
	if set != old || !s.busy && time.Since(s.at) < minGap {
		s.mu.Unlock()
		return set
	}
	if !s.busy {
		// From here on it is under way, so that those who ask meanwhile share it.
		s.busy = true
		s.wanted <- struct{}{}
	}
	s.mu.Unlock()
	return s.after(tried, bound)
}

// after returns the set once the request under way is over.
func (s *Source) after(tried chan struct{}, bound time.Duration) *Set {
	timer := time.NewTimer(bound)
	defer timer.Stop()
	select {
	case <-tried:
	case <-timer.C:
	}
	set, _ := s.Set()
	return set
}

// run fetches the set until ctx ends.
func (s *Source) run(ctx context.Context) {
	retry := firstRetry
	for {
		s.mu.Lock()
		s.at, s.busy = time.Now(), true
		select {
		case <-s.wanted:
		default:
		}
		s.mu.Unlock()
		set, err := fetch(ctx, s.client, s.spec.URL)
		if ctx.Err() != nil {
			s.settle(nil, ctx.Err())
			return
		}
		s.settle(set, err)
		next := s.spec.Refresh
		if err != nil {
			next, retry = min(retry, next), min(2*retry, lastRetry)
		} else {
			retry = firstRetry
		}
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-s.wanted:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// settle keeps the outcome of a request, and wakes up who waits for it.
func (s *Source) settle(set *Set, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.busy = err, false
	// A set that says the same stays, with what was verified by it.
	if set != nil && !set.same(s.set) {
		s.set = set
	}
	close(s.tried)
	s.tried = make(chan struct{})
}
