package jwks

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// host answers requests for keys, in fake time.
type host struct {
	mu    sync.Mutex
	text  string
	fails bool
	asked int
	takes time.Duration
}

func (h *host) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.asked++
	text, fails, takes := h.text, h.fails, h.takes
	h.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if fails {
		return nil, errors.New("it is down")
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

func (h *host) set(text []byte, fails bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text, h.fails = string(text), fails
}

func (h *host) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// TestKeysRotate follows a key set through a failure, a rotation and an outage.
func TestKeysRotate(t *testing.T) {
	r, e, _ := keysOf(t)
	first := text(t, jose.JSONWebKey{Key: r.Public(), KeyID: "1"})
	second := text(t, jose.JSONWebKey{Key: r.Public(), KeyID: "1"}, jose.JSONWebKey{Key: e.Public(), KeyID: "2"})
	synctest.Test(t, func(t *testing.T) {
		h := &host{fails: true, takes: time.Millisecond}
		registry := NewRegistry(Options{Transport: h})
		defer registry.Close()
		s := must[*Source](t)(registry.Acquire(Spec{URL: "https://id.example/keys", Refresh: time.Hour}))
		if got := s.Await(10 * time.Millisecond); got != nil {
			t.Fatal("there are keys while the host is down")
		}
		if _, err := s.Set(); err == nil {
			t.Error("nothing says why there are no keys")
		}
		h.set(first, false)
		// Without keys it is asked again soon.
		got := s.Await(5 * time.Second)
		if got == nil || got.Len() != 1 {
			t.Fatalf("got %v", got)
		}
		asked := h.count()
		// A key that is not known makes it ask, but not all the time.
		if again := s.Renew(got, time.Second); again != got || h.count() != asked {
			t.Errorf("a moment later it asked %d times more", h.count()-asked)
		}
		time.Sleep(minGap)
		h.set(second, false)
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() {
				if again := s.Renew(got, time.Second); again == nil || len(again.Find("2", "ES256")) != 1 {
					t.Error("somebody did not get the new key")
				}
			})
		}
		wait.Wait()
		if n := h.count() - asked; n != 1 {
			t.Errorf("for ten that ask it asked %d times", n)
		}
		// An outage leaves the last good keys, and the same text the same set.
		known, _ := s.Set()
		h.set(nil, true)
		time.Sleep(2 * time.Hour)
		if now, err := s.Set(); now != known || err == nil {
			t.Errorf("in an outage the set is %v, the error %v", now, err)
		}
		h.set(second, false)
		time.Sleep(2 * time.Minute)
		if now, err := s.Set(); now != known || err != nil {
			t.Errorf("after it the set is %v, the error %v", now, err)
		}
		s.Release()
	})
}

func TestASourceIsShared(t *testing.T) {
	r, _, _ := keysOf(t)
	synctest.Test(t, func(t *testing.T) {
		h := &host{text: string(text(t, jose.JSONWebKey{Key: r.Public()}))}
		registry := NewRegistry(Options{Transport: h})
		spec := Spec{URL: "https://id.example/keys", Refresh: time.Hour}
		a := must[*Source](t)(registry.Acquire(spec))
		b := must[*Source](t)(registry.Acquire(spec))
		if a != b {
			t.Error("one URL has two sources")
		}
		a.Await(time.Second)
		a.Release()
		if b.Await(0) == nil || h.count() != 1 {
			t.Errorf("it was fetched %d times", h.count())
		}
		b.Release()
		if c := must[*Source](t)(registry.Acquire(spec)); c == a {
			t.Error("a source that was released is used again")
		}
		registry.Close()
		if _, err := registry.Acquire(Spec{URL: "https://other.example"}); err == nil {
			t.Error("a closed registry fetches")
		}
	})
}

func TestAHostThatHangsHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := NewRegistry(Options{Transport: &host{takes: time.Hour}})
		defer registry.Close()
		s := must[*Source](t)(registry.Acquire(Spec{URL: "https://id.example/keys", Refresh: time.Hour}))
		begun := time.Now()
		if s.Await(time.Second) != nil || time.Since(begun) != time.Second {
			t.Errorf("it waited %s", time.Since(begun))
		}
		time.Sleep(fetchTimeout)
		if _, err := s.Set(); err == nil {
			t.Error("a request without an end goes on")
		}
	})
}

func TestAnAnswerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := NewRegistry(Options{Transport: &host{text: `{"keys":[` + strings.Repeat(" ", maxText) + `]}`}})
		defer registry.Close()
		s := must[*Source](t)(registry.Acquire(Spec{URL: "https://id.example/keys", Refresh: time.Hour}))
		s.Await(0)
		synctest.Wait()
		if _, err := s.Set(); err == nil || !strings.Contains(err.Error(), "longer than") {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestLocalAddressesAreRefused(t *testing.T) {
	for _, a := range []string{"127.0.0.1:80", "[::1]:80", "169.254.169.254:80", "0.0.0.0:80", "[fe80::1]:80", "[::ffff:127.0.0.1]:80", "no address"} {
		if refuseLocal("tcp", a, nil) == nil {
			t.Errorf("%s is connected to", a)
		}
	}
	if err := refuseLocal("tcp", "192.0.2.1:443", nil); err != nil {
		t.Error(err)
	}
	registry := NewRegistry(Options{Offline: true})
	defer registry.Close()
	s := must[*Source](t)(registry.Acquire(Spec{URL: "http://127.0.0.1:1/", Refresh: time.Hour}))
	if set, err := s.Set(); set != nil || err != nil {
		t.Errorf("offline there is %v, %v", set, err)
	}
}
