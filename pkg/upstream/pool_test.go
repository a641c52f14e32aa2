package upstream

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestPickTakesWhomItMay(t *testing.T) {
	const (
		ready       = ir.EndpointReady
		terminating = ir.EndpointTerminating
		unready     = ir.EndpointUnready
	)
	tests := map[string]struct {
		states []ir.EndpointState
		want   []int
	}{
		"no endpoint at all":                              {nil, nil},
		"ready ones in turn":                              {[]ir.EndpointState{ready, ready, ready}, []int{0, 1, 2, 0, 1, 2}},
		"a terminating one not while one is ready":        {[]ir.EndpointState{terminating, ready}, []int{1, 1, 1, 1, 1, 1}},
		"terminating ones in turn where none is ready":    {[]ir.EndpointState{terminating, unready, terminating}, []int{0, 2, 0, 2, 0, 2}},
		"an unready one never":                            {[]ir.EndpointState{unready, ready, unready}, []int{1, 1, 1, 1, 1, 1}},
		"an unready one not even where there is no other": {[]ir.EndpointState{unready, unready}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, Options{})
			p := r.Acquire(upstreamOf("u", "s"))
			defer p.Release()
			set := ir.EndpointSet{Key: "s"}
			for i, state := range test.states {
				set.Endpoints = append(set.Endpoints, endpoint(byte(i), state))
			}
			r.SetEndpoints(set)
			var got []int
			for range 6 {
				e, err := p.Pick()
				if err != nil {
					if !errors.Is(err, ErrNoEndpoints) {
						t.Fatal(err)
					}
					continue
				}
				got = append(got, int(e.Spec().Address.Addr().As4()[3]))
				e.Done()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("picked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPickAvoidsThoseTried(t *testing.T) {
	r := newRegistry(t, Options{})
	p := r.Acquire(upstreamOf("u", "s"))
	defer p.Release()
	r.SetEndpoints(ready("s", 1, 2, 3))
	for range 20 {
		var tried []*Endpoint
		for range 3 {
			e := mustPick(t, p, tried...)
			if slices.Contains(tried, e) {
				t.Fatalf("%s picked again while another was left", e.Address())
			}
			tried = append(tried, e)
		}
		if e := mustPick(t, p, tried...); !slices.Contains(tried, e) {
			t.Fatal("where all were tried, one of them must be picked")
		}
	}
}

func TestPickCountsUntilDone(t *testing.T) {
	r := newRegistry(t, Options{})
	p := r.Acquire(upstreamOf("u", "s"))
	defer p.Release()
	r.SetEndpoints(ready("s", 1))
	a, b := mustPick(t, p), mustPick(t, p)
	if a != b || a.InFlight() != 2 {
		t.Fatalf("in flight: %d, want 2", a.InFlight())
	}
	a.Done()
	// A change of the list must not lose the count.
	r.SetEndpoints(ready("s", 1, 2))
	if got := a.InFlight(); got != 1 {
		t.Fatalf("in flight after Done: %d, want 1", got)
	}
	b.Done()
	if got := a.InFlight(); got != 0 {
		t.Fatalf("in flight at the end: %d, want 0", got)
	}
}

func TestEndpointStaysTheSameWhileItsAddressStays(t *testing.T) {
	r := newRegistry(t, Options{})
	p := r.Acquire(upstreamOf("u", "s"))
	defer p.Release()
	r.SetEndpoints(ready("s", 1))
	before := mustPick(t, p)

	changed := ready("s", 1)
	changed.Endpoints[0].Zone = "a"
	changed.Endpoints[0].State = ir.EndpointTerminating
	r.SetEndpoints(changed)
	if e := mustPick(t, p); e != before || e.Spec().Zone != "a" {
		t.Error("the endpoint did not stay, or kept what the old set said")
	}
	r.SetEndpoints(ready("s"))
	if _, err := p.Pick(); !errors.Is(err, ErrNoEndpoints) {
		t.Errorf("the endpoint is picked after it has gone: %v", err)
	}
	r.SetEndpoints(ready("s", 1))
	if mustPick(t, p) == before {
		t.Error("an endpoint that had gone came back as the same object")
	}
}

func TestSetsMayComeBeforeAndAfterPools(t *testing.T) {
	r := newRegistry(t, Options{})
	r.SetEndpoints(ready("s", 1))
	first := r.Acquire(upstreamOf("first", "s"))
	second := r.Acquire(upstreamOf("second", "s"))
	if mustPick(t, first) == mustPick(t, second) {
		t.Error("two upstreams share an endpoint's connections")
	}
	if again := r.Acquire(upstreamOf("first", "s")); again != first {
		t.Error("one key, two pools")
	}
	first.Release()
	if r.Acquire(upstreamOf("first", "s")) != first {
		t.Error("the pool went away although it was still held")
	}
	first.Release()
	first.Release()
	if r.Acquire(upstreamOf("first", "s")) == first {
		t.Error("the pool is still there although nobody held it")
	}
	r.RemoveEndpoints("s")
	if _, err := second.Pick(); !errors.Is(err, ErrNoEndpoints) {
		t.Errorf("picked from a set that was removed: %v", err)
	}
	if len(r.Endpoints()) != 0 {
		t.Errorf("sets left: %v", r.Endpoints())
	}
}

func TestPoolFollowsItsUpstreamToAnotherSet(t *testing.T) {
	r := newRegistry(t, Options{})
	r.SetEndpoints(ready("old", 1), ready("new", 2))
	p := r.Acquire(upstreamOf("u", "old"))
	r.Acquire(upstreamOf("u", "new"))
	if got := mustPick(t, p).Address(); got != "10.0.0.2:8080" {
		t.Errorf("picked %s, want the endpoint of the new set", got)
	}
	r.SetEndpoints(ready("old", 3))
	if got := mustPick(t, p).Address(); got != "10.0.0.2:8080" {
		t.Errorf("picked %s: the old set still feeds the pool", got)
	}
	p.Release()
	p.Release()
	if len(r.users) != 0 {
		t.Errorf("users left: %v", r.users)
	}
}

func TestReleasingTooOftenPanics(t *testing.T) {
	r := newRegistry(t, Options{})
	p := r.Acquire(upstreamOf("u", "s"))
	p.Release()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	p.Release()
}

// TestChurnOfEndpointsUnderPicks changes the set at random while others pick:
// an endpoint that was in every set must be found at any time, and none that
// was never ready.
func TestChurnOfEndpointsUnderPicks(t *testing.T) {
	var dials pipes
	r := newRegistry(t, Options{Dial: dials.dial})
	p := r.Acquire(upstreamOf("u", "s"))
	r.SetEndpoints(ready("s", 1))
	var over atomic.Bool
	var picking sync.WaitGroup
	for range 4 {
		picking.Go(func() {
			for !over.Load() {
				e, err := p.Pick()
				if err != nil {
					t.Error(err)
					return
				}
				if last := e.Spec().Address.Addr().As4()[3]; last >= 100 {
					t.Errorf("picked %s, which is unready", e.Address())
				}
				c, _, err := e.Conn(t.Context(), 0)
				if err != nil {
					t.Error(err)
					return
				}
				c.Put()
				e.Done()
			}
		})
	}
	for i := range 2000 {
		set := ready("s", 1)
		for last := byte(2); last < 20; last++ {
			if rand.IntN(2) == 0 {
				set.Endpoints = append(set.Endpoints, endpoint(last, ir.EndpointReady))
			}
		}
		set.Endpoints = append(set.Endpoints, endpoint(100+byte(i%8), ir.EndpointUnready))
		r.SetEndpoints(set)
	}
	over.Store(true)
	picking.Wait()
	for _, e := range r.Dump()[0].Endpoints {
		if e.InFlight != 0 || e.Open != int64(e.Idle) {
			t.Errorf("not given back: %+v", e)
		}
	}
	p.Release()
	if n := dials.open(); n != 0 {
		t.Errorf("%d connections are open after the last release", n)
	}
}

// TestTablesComeAndGoUnderLoad acquires and releases pools as swaps of tables do,
// each before the one before it lets go, while exchanges go on: no exchange finds its pool
// without an endpoint, connections survive the swaps, and nothing is left at the end.
func TestTablesComeAndGoUnderLoad(t *testing.T) {
	var dials pipes
	r := newRegistry(t, Options{Dial: dials.dial})
	r.SetEndpoints(ready("s", 1))
	u := upstreamOf("u", "s")
	u.MaxIdlePerEndpoint = 8
	var served atomic.Pointer[Pool]
	served.Store(r.Acquire(u))
	var over atomic.Bool
	var serving sync.WaitGroup
	for range 4 {
		serving.Go(func() {
			for !over.Load() {
				e, err := served.Load().Pick()
				if err != nil {
					t.Error(err)
					return
				}
				c, _, err := e.Conn(t.Context(), 0)
				if err != nil {
					t.Error(err)
					return
				}
				c.Put()
				e.Done()
			}
		})
	}
	for range 2000 {
		next := r.Acquire(u)
		old := served.Swap(next)
		r.Acquire(upstreamOf("another", "s")).Release()
		r.Dump()
		old.Release()
	}
	over.Store(true)
	serving.Wait()
	if n := len(dials.far); n > 4 {
		t.Errorf("%d connections were made for 4 exchanges at a time: swaps cost connections", n)
	}
	served.Load().Release()
	if n := dials.open(); n != 0 || len(r.pools) != 0 {
		t.Errorf("%d connections and %d pools are left", n, len(r.pools))
	}
}

func TestPickDoesNotAllocate(t *testing.T) {
	r := newRegistry(t, Options{})
	p := r.Acquire(upstreamOf("u", "s"))
	defer p.Release()
	r.SetEndpoints(ready("s", 1, 2, 3))
	allocs := testing.AllocsPerRun(1000, func() {
		e, _ := p.Pick()
		again, _ := p.Pick(e)
		again.Done()
		e.Done()
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestDumpShowsThePools(t *testing.T) {
	r := newRegistry(t, Options{})
	r.SetEndpoints(ready("s", 1))
	named := ir.EndpointSet{Key: "n", Endpoints: []ir.Endpoint{endpoint(9, ir.EndpointUnready)}}
	named.Endpoints[0].Hostname = "db.example.com"
	r.SetEndpoints(named)
	mustPick(t, r.Acquire(upstreamOf("b", "s")))
	r.Acquire(upstreamOf("a", "n"))
	var got []string
	for _, p := range r.Dump() {
		for _, e := range p.Endpoints {
			got = append(got, strings.Join([]string{p.Key, p.EndpointSet, p.Protocol, p.Balance, e.Address, e.State}, " "))
		}
	}
	want := []string{
		"a n http/1.1 RoundRobin db.example.com:8080 unready",
		"b s http/1.1 RoundRobin 10.0.0.1:8080 ready",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dump (-want +got):\n%s", diff)
	}
	if n := r.Dump()[1].Endpoints[0].InFlight; n != 1 {
		t.Errorf("in flight: %d, want 1", n)
	}
}
