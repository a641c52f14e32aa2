package upstream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// balanced makes a pool of the endpoints 1 to n.
func balanced(t testing.TB, b ir.Balance, n int) (*Registry, *Pool) {
	t.Helper()
	r := newRegistry(t, Options{})
	u := upstreamOf("u", "s")
	u.Balance = b
	p := r.Acquire(u)
	t.Cleanup(p.Release)
	var last []byte
	for i := range n {
		last = append(last, byte(i+1))
	}
	r.SetEndpoints(ready("s", last...))
	return r, p
}

func asked(text string) Ask { return Ask{Hash: balance.HashOf([]byte(text)), Hashed: true} }

func pickFor(t testing.TB, p *Pool, ask Ask, tried ...*Endpoint) *Endpoint {
	t.Helper()
	e, err := p.PickFor(ask, tried...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var strategies = map[string]ir.Balance{
	"in turn":       {},
	"by weight":     {Strategy: ir.WeightedRoundRobin},
	"least request": {Strategy: ir.LeastRequest},
	"least latency": {Strategy: ir.LeastLatency},
	"random":        {Strategy: ir.Random, Choices: 1},
	"two choices":   {Strategy: ir.Random, Choices: 2},
	"hash":          {Strategy: ir.Hash, Hash: ir.HashBy{Source: ir.HashPath}},
	"bounded hash":  {Strategy: ir.Hash, Hash: ir.HashBy{Source: ir.HashPath, MaxLoadPercent: 150}},
	"slow start":    {SlowStart: time.Minute},
}

func TestNoStrategyPicksOneThatWasTriedWhileThereIsAnother(t *testing.T) {
	for name, b := range strategies {
		_, p := balanced(t, b, 3)
		for i := range 50 {
			ask := asked(fmt.Sprint(i))
			var tried []*Endpoint
			for range 3 {
				e := pickFor(t, p, ask, tried...)
				if slices.Contains(tried, e) {
					t.Fatalf("%s: %s again while another was left", name, e.Address())
				}
				tried = append(tried, e)
			}
			if e := pickFor(t, p, ask, tried...); !slices.Contains(tried, e) {
				t.Fatalf("%s: where all were tried, one of them must be picked", name)
			}
		}
	}
}

func TestPickForAllocatesNothing(t *testing.T) {
	for name, b := range strategies {
		_, p := balanced(t, b, 5)
		tried := []*Endpoint{pickFor(t, p, Ask{})}
		if n := testing.AllocsPerRun(100, func() {
			e, _ := p.PickFor(asked("x"), tried...)
			e.Done()
		}); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestWeightsAreKeptExactlyAndSpread(t *testing.T) {
	r, p := balanced(t, strategies["by weight"], 3)
	set := ready("s", 1, 2, 3)
	set.Endpoints[0].Weight, set.Endpoints[1].Weight = 6, 3
	r.SetEndpoints(set)
	counts := make(map[string]int)
	longest, run, before := 0, 0, ""
	for range 1000 {
		at := pickFor(t, p, Ask{}).Address()
		counts[at]++
		if run++; at != before {
			run, before = 1, at
		}
		longest = max(longest, run)
	}
	want := map[string]int{"10.0.0.1:8080": 600, "10.0.0.2:8080": 300, "10.0.0.3:8080": 100}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("picked (-want +got):\n%s", diff)
	}
	if longest > 2 {
		t.Errorf("the endpoint of six tenths was picked %d times in a row", longest)
	}
}

func TestLeastRequestKeepsTheLoadEven(t *testing.T) {
	_, p := balanced(t, ir.Balance{Strategy: ir.LeastRequest}, 3)
	var held []*Endpoint
	for range 30 {
		held = append(held, pickFor(t, p, Ask{}))
	}
	for i, e := range p.list.Load().all {
		if got := e.InFlight(); got != 10 {
			t.Errorf("endpoint %d has %d of 30 requests", i, got)
		}
	}
	// One that is done with all of its requests gets the next ones.
	first := held[0]
	for _, e := range held {
		if e == first {
			e.Done()
		}
	}
	for range 5 {
		if e := pickFor(t, p, Ask{}); e != first {
			t.Fatalf("picked %s with %d under way, not the idle one", e.Address(), e.InFlight())
		}
	}
}

func TestAHashStaysWhereItIsWhileEndpointsComeAndGo(t *testing.T) {
	r, p := balanced(t, strategies["hash"], 5)
	_, other := balanced(t, strategies["hash"], 5)
	before := make(map[string]string)
	for i := range 500 {
		key := fmt.Sprint("user-", i)
		before[key] = pickFor(t, p, asked(key)).Address()
		if there := pickFor(t, other, asked(key)).Address(); there != before[key] {
			t.Fatalf("%s: %s on one replica, %s on another", key, before[key], there)
		}
	}
	r.SetEndpoints(ready("s", 1, 2, 4, 5))
	for key, was := range before {
		now := pickFor(t, p, asked(key)).Address()
		if was != "10.0.0.3:8080" && now != was || now == "10.0.0.3:8080" {
			t.Errorf("%s moved from %s to %s", key, was, now)
		}
	}
	r.SetEndpoints(ready("s", 1, 2, 3, 4, 5))
	for key, was := range before {
		if now := pickFor(t, p, asked(key)).Address(); now != was {
			t.Errorf("%s did not come back to %s, it is at %s", key, was, now)
		}
	}
}

// TestReplicasWithDifferentPastsChooseAlike lets two replicas come to the same endpoints on different ways,
// and in different orders.
func TestReplicasWithDifferentPastsChooseAlike(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 2))
		here, p := balanced(t, strategies["hash"], 1)
		there, q := balanced(t, strategies["hash"], 1)
		for range 5 {
			for _, r := range []*Registry{here, there} {
				set := ready("s", 1, 2, 3, 4, 5, 6, 7, 8, 9)
				random.Shuffle(len(set.Endpoints), func(i, j int) {
					set.Endpoints[i], set.Endpoints[j] = set.Endpoints[j], set.Endpoints[i]
				})
				set.Endpoints = set.Endpoints[:1+random.IntN(9)]
				r.SetEndpoints(set)
			}
		}
		final := ready("s", 2, 3, 5, 7, 8)
		here.SetEndpoints(final)
		slices.Reverse(final.Endpoints)
		there.SetEndpoints(final)
		for i := range 200 {
			ask := asked(fmt.Sprint("user-", i))
			one, two := pickFor(t, p, ask), pickFor(t, q, ask)
			// Where the first one failed, both try the same one next.
			again, too := pickFor(t, p, ask, one), pickFor(t, q, ask, two)
			if one.Address() != two.Address() || again.Address() != too.Address() {
				t.Fatalf("seed %d: %s and then %s on one replica, %s and %s on another", seed, one.Address(), again.Address(), two.Address(), too.Address())
			}
		}
	}
}

func TestRequestsWithNothingToHashGoInTurn(t *testing.T) {
	_, p := balanced(t, strategies["hash"], 3)
	counts := make(map[*Endpoint]int)
	for range 30 {
		counts[pickFor(t, p, Ask{})]++
	}
	for e, n := range counts {
		if n != 10 {
			t.Errorf("%s got %d of 30", e.Address(), n)
		}
	}
}

func TestLeastLatencyAvoidsTheSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := balanced(t, ir.Balance{Strategy: ir.LeastLatency}, 2)
		if !p.Timed() {
			t.Error("the pool must be told response times")
		}
		all := p.list.Load().all
		all[0].Answered(time.Now(), time.Second)
		all[1].Answered(time.Now(), 10*time.Millisecond)
		for range 10 {
			e := pickFor(t, p, Ask{})
			if e != all[1] {
				t.Fatal("the slow one was picked")
			}
			e.Done()
		}
		all[1].Failed(time.Now(), time.Millisecond)
		all[1].Failed(time.Now(), 2*time.Second)
		if pickFor(t, p, Ask{}) != all[0] {
			t.Error("the one that fails was picked")
		}
		// What nobody tries looks better with time.
		pass(time.Minute)
		all[0].Answered(time.Now(), time.Second)
		if pickFor(t, p, Ask{}) != all[1] {
			t.Error("the one that failed a minute ago is not tried again")
		}
		p.registry.Close()
	})
}

func TestASlowStartBeginsWhenAnEndpointBecomesReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p := balanced(t, ir.Balance{SlowStart: time.Minute}, 2)
		share := func() int {
			n := 0
			for range 3000 {
				e := pickFor(t, p, Ask{})
				if strings.HasPrefix(e.Address(), "10.0.0.3:") {
					n++
				}
				e.Done()
			}
			return n
		}
		pass(time.Hour)
		r.SetEndpoints(ready("s", 1, 2, 3))
		if n := share(); n < 70 || n > 230 {
			t.Errorf("a new endpoint got %d of 3000 at first, want about 143", n)
		}
		pass(time.Minute)
		if n := share(); n != 1000 {
			t.Errorf("after its slow start it got %d of 3000", n)
		}
		unready := ready("s", 1, 2, 3)
		unready.Endpoints[2].State = ir.EndpointUnready
		r.SetEndpoints(unready)
		r.SetEndpoints(ready("s", 1, 2, 3))
		if n := share(); n < 70 || n > 230 {
			t.Errorf("one that is ready again got %d of 3000 at first, want about 143", n)
		}
		r.Close()
	})
}

func TestZonesAreFollowedAsHintsSay(t *testing.T) {
	tests := map[string]struct {
		zone   string
		prefer bool
		hints  []string
		want   string
	}{
		"the endpoints for the zone":            {"a", true, []string{"a", "b", "a,b"}, "1 3"},
		"not without being asked":               {"a", false, []string{"a", "b", "a"}, "1 2 3"},
		"not where the own zone is not known":   {"", true, []string{"a", "b", "a"}, "1 2 3"},
		"not where one endpoint has no hints":   {"a", true, []string{"a", "", "a"}, "1 2 3"},
		"not where no endpoint is for the zone": {"c", true, []string{"a", "b", "a"}, "1 2 3"},
		"not by a part of a zone's name":        {"a", true, []string{"aa", "b", "ba"}, "1 2 3"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, Options{Zone: test.zone})
			u := upstreamOf("u", "s")
			u.Balance.PreferZone = test.prefer
			p := r.Acquire(u)
			defer p.Release()
			set := ready("s", 1, 2, 3)
			for i := range set.Endpoints {
				set.Endpoints[i].ForZones = test.hints[i]
			}
			r.SetEndpoints(set)
			var got []string
			for range 3 {
				e := pickFor(t, p, Ask{})
				got = append(got, fmt.Sprint(e.Spec().Address.Addr().As4()[3]))
			}
			slices.Sort(got)
			if s := strings.Join(slices.Compact(got), " "); s != test.want {
				t.Errorf("got %q, want %q", s, test.want)
			}
		})
	}
}

func TestAChangedBalanceCountsAtOnce(t *testing.T) {
	_, p := balanced(t, ir.Balance{}, 3)
	u := upstreamOf("u", "s")
	u.Balance.Strategy = ir.LeastRequest
	again := p.registry.Acquire(u)
	defer again.Release()
	e := pickFor(t, p, Ask{})
	for range 2 {
		if pickFor(t, p, Ask{}) == e {
			t.Error("the busy endpoint was picked")
		}
	}
}

func TestExplainSaysWhichEndpointAndWhy(t *testing.T) {
	tests := map[string]struct {
		balance ir.Balance
		n       int
		ask     Ask
		want    [2]string
	}{
		"no endpoint":          {ir.Balance{}, 0, Ask{}, [2]string{"", "no endpoint may be picked"}},
		"in turn":              {ir.Balance{}, 2, Ask{}, [2]string{"10.0.0.2:8080", "is next in turn"}},
		"by requests":          {ir.Balance{Strategy: ir.LeastRequest}, 2, Ask{}, [2]string{"10.0.0.2:8080", "has the fewest requests under way, 0"}},
		"by response times":    {ir.Balance{Strategy: ir.LeastLatency}, 2, Ask{}, [2]string{"", "the one of two drawn that promises the earlier answer"}},
		"by lot":               {ir.Balance{Strategy: ir.Random, Choices: 1}, 2, Ask{}, [2]string{"", "drawn by lot"}},
		"by two choices":       {ir.Balance{Strategy: ir.Random, Choices: 2}, 2, Ask{}, [2]string{"", "the less busy of two drawn"}},
		"by hash":              {strategies["hash"], 1, asked("x"), [2]string{"10.0.0.1:8080", "is where the hash of the request leads"}},
		"with nothing to hash": {strategies["hash"], 1, Ask{}, [2]string{"10.0.0.1:8080", "is next in turn, as the request has nothing to hash"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, p := balanced(t, test.balance, test.n)
			if test.n > 0 {
				pickFor(t, p, test.ask)
			}
			address, why := p.Explain(test.ask)
			if diff := cmp.Diff(test.want, [2]string{address, why}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again, _ := p.Explain(test.ask); again != address {
				t.Error("to explain changed the choice")
			}
		})
	}
}

func BenchmarkPickFor(b *testing.B) {
	for name, policy := range strategies {
		_, p := balanced(b, policy, 10)
		b.Run(name, func(b *testing.B) {
			ask := asked("x")
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					e, _ := p.PickFor(ask)
					e.Done()
				}
			})
		})
	}
}
