package rate

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newTest(t testing.TB, limit Limit) *Limiter {
	t.Helper()
	r := NewRegistry()
	t.Cleanup(r.Close)
	return r.Acquire("k", limit)
}

func TestDecisionsOfOneClient(t *testing.T) {
	const ms = time.Millisecond
	l := newTest(t, Limit{Requests: 10, Per: time.Second, Burst: 3})
	steps := []struct {
		after time.Duration
		want  Decision
	}{
		{0, Decision{OK: true, Remaining: 2, Reset: 100 * ms}},
		{0, Decision{OK: true, Remaining: 1, Reset: 200 * ms}},
		{0, Decision{OK: true, Remaining: 0, Reset: 300 * ms}},
		{0, Decision{RetryAfter: 100 * ms, Reset: 300 * ms}},
		{60 * ms, Decision{RetryAfter: 40 * ms, Reset: 240 * ms}},
		{40 * ms, Decision{OK: true, Remaining: 0, Reset: 300 * ms}},
		{250 * ms, Decision{OK: true, Remaining: 1, Reset: 150 * ms}},
		{time.Hour, Decision{OK: true, Remaining: 2, Reset: 100 * ms}},
	}
	now := epoch
	for i, s := range steps {
		now = now.Add(s.after)
		if diff := cmp.Diff(s.want, l.Allow([]byte("a"), now)); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
	if d := l.Allow([]byte("b"), now); !d.OK || d.Remaining != 2 {
		t.Errorf("another client got %+v", d)
	}
	if diff := cmp.Diff([]Stats{{Key: "k", Passed: 7, Refused: 2, Clients: 2}}, l.registry.Stats()); diff != "" {
		t.Errorf("the numbers differ (-want +got):\n%s", diff)
	}
}

// bucket is the oracle: a bucket of tokens, filled at each look.
type bucket struct {
	tokens float64
	at     time.Time
}

func (b *bucket) allow(l Limit, now time.Time) bool {
	b.tokens = min(b.tokens+now.Sub(b.at).Seconds()*float64(l.Requests)/l.Per.Seconds(), float64(l.Burst))
	b.at = now
	// Both count in rounded numbers: what lies between them is no one's fault.
	if b.tokens < 1-1e-6 {
		return false
	}
	b.tokens--
	return true
}

// FuzzAllow compares with a bucket of tokens. Requests come at whole steps of a
// seventh, so that no decision hangs on rounding.
func FuzzAllow(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, requests, burst uint8) {
		limit := Limit{Requests: int(requests)%50 + 1, Burst: int(burst)%20 + 1}
		step := 7 * time.Millisecond
		limit.Per = step * time.Duration(limit.Requests)
		l := newTest(t, limit)
		random := rand.New(rand.NewPCG(seed, 0))
		oracle := map[string]*bucket{}
		now := epoch
		for i := range 300 {
			now = now.Add(time.Duration(random.IntN(10)) * time.Millisecond)
			client := string(rune('a' + random.IntN(3)))
			if oracle[client] == nil {
				oracle[client] = &bucket{float64(limit.Burst), now}
			}
			want := oracle[client].allow(limit, now)
			if d := l.Allow([]byte(client), now); d.OK != want || d.OK != (d.RetryAfter == 0) || d.Remaining < 0 || d.Remaining >= limit.Burst {
				t.Fatalf("request %d of %+v: got %+v, want %v", i, limit, d, want)
			}
		}
	})
}

func TestAChangedLimitCountsAtOnce(t *testing.T) {
	l := newTest(t, Limit{Requests: 1, Per: time.Hour, Burst: 1})
	l.Allow([]byte("a"), epoch)
	if again := l.registry.Acquire("k", Limit{Requests: 1, Per: time.Hour, Burst: 2}); again != l || !l.Allow([]byte("a"), epoch).OK {
		t.Error("the greater burst did not count")
	}
	l.registry.Acquire("k", Limit{Requests: 1, Per: time.Hour, Burst: 1})
	if l.Allow([]byte("a"), epoch).OK {
		t.Error("the client was forgotten")
	}
}

func TestALimiterIsForgottenWithItsLastUser(t *testing.T) {
	l := newTest(t, Limit{Requests: 1, Per: time.Hour, Burst: 1})
	l.registry.Acquire("k", l.Limit())
	l.Release()
	l.Release()
	if len(l.registry.Stats()) != 0 {
		t.Error("it is still there")
	}
	defer func() {
		if recover() == nil {
			t.Error("a third release passed")
		}
	}()
	l.Release()
}

func TestClientsAreBounded(t *testing.T) {
	l := newTest(t, Limit{Requests: 1, Per: time.Hour, Burst: 1})
	for i := range maxClients + 10_000 {
		l.Allow(fmt.Appendf(nil, "client %d", i), epoch.Add(time.Duration(i)))
	}
	if n := l.clients(); n > maxClients {
		t.Errorf("%d clients", n)
	}
	// Who has rested makes room before who has not.
	l.Allow([]byte("new"), epoch.Add(2*time.Hour))
	if l.Allow([]byte("new"), epoch.Add(2*time.Hour)).OK {
		t.Error("a client that has not rested was forgotten")
	}
}

func TestClientsThatHaveRestedAreSweptAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRegistry()
		defer r.Close()
		l := r.Acquire("k", Limit{Requests: 1, Per: time.Second, Burst: 1})
		l.Allow([]byte("a"), time.Now())
		l.Allow([]byte("b"), time.Now().Add(2*sweepEvery))
		time.Sleep(sweepEvery)
		synctest.Wait()
		if n := l.clients(); n != 1 {
			t.Errorf("%d clients, want 1", n)
		}
	})
}

func TestManyAtOnceGetNoMoreThanTheLimit(t *testing.T) {
	l := newTest(t, Limit{Requests: 1, Per: time.Hour, Burst: 100})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				l.Allow([]byte("a"), epoch)
			}
		})
	}
	wg.Wait()
	if s := l.registry.Stats()[0]; s.Passed != 100 || s.Refused != 700 {
		t.Errorf("got %+v", s)
	}
}

func TestAKnownClientCostsNoMemory(t *testing.T) {
	l, client := newTest(t, Limit{Requests: 1000, Per: time.Second, Burst: 1000}), []byte("192.0.2.1")
	l.Allow(client, epoch)
	if n := testing.AllocsPerRun(100, func() { l.Allow(client, epoch) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAllow(b *testing.B) {
	l := newTest(b, Limit{Requests: 1 << 30, Per: time.Second, Burst: 1 << 20})
	b.RunParallel(func(pb *testing.PB) {
		client, now := fmt.Appendf(nil, "%d", rand.Uint64()), time.Now()
		for pb.Next() {
			l.Allow(client, now)
		}
	})
}
