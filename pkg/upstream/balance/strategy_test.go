package balance_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// group makes members with these requests under way.
func group(inFlight ...int64) []*balance.Member {
	members := make([]*balance.Member, len(inFlight))
	for i, n := range inFlight {
		members[i] = new(balance.Member)
		members[i].Named(names(len(inFlight))[i])
		members[i].InFlight.Store(n)
	}
	return members
}

func idle(n int) []*balance.Member { return group(make([]int64, n)...) }

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("10.0.%d.%d:8080", i/256, i%256)
	}
	return list
}

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// pickers are all strategies with the same signature.
func pickers(n int) map[string]func(members, skip []*balance.Member, ramp balance.Ramp) int {
	var turn balance.RoundRobin
	equal := balance.NewWeighted(slices.Repeat([]uint64{3}, n))
	return map[string]func(members, skip []*balance.Member, ramp balance.Ramp) int{
		"in turn":   func(m, s []*balance.Member, r balance.Ramp) int { return balance.InTurn(m, s, &turn, r) },
		"by weight": func(m, s []*balance.Member, r balance.Ramp) int { return balance.ByWeight(m, s, equal, r) },
		"least request": func(m, s []*balance.Member, r balance.Ramp) int {
			return balance.LeastRequest(m, s, turn.Next(len(m)), r)
		},
		"least latency": func(m, s []*balance.Member, r balance.Ramp) int {
			return balance.LeastLatency(m, s, start, r)
		},
		"random":                func(m, s []*balance.Member, r balance.Ramp) int { return balance.Random(m, s, 1, r) },
		"random of two choices": func(m, s []*balance.Member, r balance.Ramp) int { return balance.Random(m, s, 2, r) },
		"cheapest": func(m, s []*balance.Member, _ balance.Ramp) int {
			at, _ := balance.Cheapest(m, s, turn.Next(len(m)), func(int) (float64, error) { return 1, nil })
			return at
		},
		"hash": func(m, s []*balance.Member, _ balance.Ramp) int {
			return balance.Hash(rand.Uint64(), m, s, 0)
		},
		"bounded hash": func(m, s []*balance.Member, _ balance.Ramp) int {
			return balance.Hash(rand.Uint64(), m, s, 125)
		},
	}
}

func TestEveryStrategySpreadsEvenlyOverEqualMembers(t *testing.T) {
	const n, picks = 7, 70_000
	for name, pick := range pickers(n) {
		t.Run(name, func(t *testing.T) {
			members := idle(n)
			counts := make([]int, n)
			for range picks {
				counts[pick(members, nil, balance.Ramp{})]++
			}
			for i, c := range counts {
				// 10,000 each; 5 standard deviations of a random choice are 463, and the
				// places of a table of seven differ by less than that.
				if c < 9_500 || c > 10_500 {
					t.Errorf("member %d got %d of %d", i, c, picks)
				}
			}
		})
	}
}

func TestEveryStrategyAvoidsWhomItShouldWhileThereIsAnother(t *testing.T) {
	for n := 1; n <= 6; n++ {
		for name, pick := range pickers(n) {
			members := group(slices.Repeat([]int64{3}, n)...)
			for skipped := range 1 << n {
				var skip []*balance.Member
				for i := range n {
					if skipped&(1<<i) != 0 {
						skip = append(skip, members[i])
					}
				}
				for range 20 {
					got := pick(members, skip, balance.Ramp{})
					if got < 0 || got >= n {
						t.Fatalf("%s of %d: got %d", name, n, got)
					}
					if len(skip) < n && slices.Contains(skip, members[got]) {
						t.Fatalf("%s of %d: took %d, which was to be avoided (set %b)", name, n, got, skipped)
					}
				}
			}
		}
	}
}

func TestASlowStartGrowsToTheFullShare(t *testing.T) {
	const n, picks = 4, 40_000
	tests := map[string]struct {
		age      time.Duration
		low, top int
	}{
		// Of 3 full shares and one of a tenth: 1/31 of the picks are 1290.
		"at its beginning":    {0, 1_000, 1_600},
		"in the middle":       {30 * time.Second, 5_200, 6_200}, // 1/7: 5714.
		"at its end":          {time.Minute, 9_500, 10_500},
		"long after its end":  {time.Hour, 9_500, 10_500},
		"of an earlier clock": {-time.Hour, 1_000, 1_600},
	}
	for name, test := range tests {
		for _, strategy := range []string{"in turn", "by weight", "random"} {
			t.Run(name+", "+strategy, func(t *testing.T) {
				members := idle(n)
				members[2].Begin(start.Add(-test.age))
				ramp := balance.Ramp{Now: start, Window: time.Minute}
				pick := pickers(n)[strategy]
				counts := make([]int, n)
				for range picks {
					counts[pick(members, nil, ramp)]++
				}
				if counts[2] < test.low || counts[2] > test.top {
					t.Errorf("the new member got %d of %d, want %d to %d", counts[2], picks, test.low, test.top)
				}
			})
		}
	}
}

func TestANewMemberDoesNotGetAllRequestsByHavingNone(t *testing.T) {
	members := group(5, 5, 0)
	members[2].Begin(start)
	ramp := balance.Ramp{Now: start, Window: time.Minute}
	if got := balance.LeastRequest(members, nil, 0, ramp); got == 2 {
		t.Error("at a tenth of its share, one request is as much as ten elsewhere")
	}
	ramp.Now = start.Add(time.Minute)
	if got := balance.LeastRequest(members, nil, 0, ramp); got != 2 {
		t.Errorf("after the slow start got %d, want the one without requests", got)
	}
}

func TestEveryMemberInItsSlowStartStillServes(t *testing.T) {
	for name, pick := range pickers(3) {
		members := idle(3)
		for _, m := range members {
			m.Begin(start)
		}
		for range 1000 {
			if got := pick(members, nil, balance.Ramp{Now: start, Window: time.Hour}); got < 0 || got > 2 {
				t.Fatalf("%s: got %d", name, got)
			}
		}
	}
}

// leastOracle is the one that one would write first.
func leastOracle(loads []int64, skip map[int]bool, first int) int {
	best := -1
	for i := range loads {
		at := (first + i) % len(loads)
		if !skip[at] && (best < 0 || loads[at] < loads[best]) {
			best = at
		}
	}
	if best < 0 {
		return first
	}
	return best
}

func FuzzLeastRequestIsTheOracle(f *testing.F) {
	f.Add([]byte{3, 1, 2, 1}, uint8(2), uint16(0))
	f.Add([]byte{0, 0, 0}, uint8(1), uint16(2))
	f.Add([]byte{9}, uint8(0), uint16(1))
	f.Fuzz(func(t *testing.T, loads []byte, first uint8, skipped uint16) {
		if len(loads) == 0 || len(loads) > 16 {
			return
		}
		wide := make([]int64, len(loads))
		for i, l := range loads {
			wide[i] = int64(l)
		}
		members := group(wide...)
		var skip []*balance.Member
		set := make(map[int]bool)
		for i := range members {
			if skipped&(1<<i) != 0 {
				skip, set[i] = append(skip, members[i]), true
			}
		}
		at := int(first) % len(loads)
		want := leastOracle(wide, set, at)
		if got := balance.LeastRequest(members, skip, at, balance.Ramp{}); got != want {
			t.Fatalf("loads %v, first %d, skip %b: got %d, want %d", loads, at, skipped, got, want)
		}
	})
}

func TestTwoChoicesTakeTheLessBusy(t *testing.T) {
	members := group(10, 0)
	for range 100 {
		if got := balance.Random(members, nil, 2, balance.Ramp{}); got != 1 {
			t.Fatal("of two members the busier was taken")
		}
	}
	counts := make([]int, 4)
	members = group(10, 0, 10, 10)
	for range 40_000 {
		counts[balance.Random(members, nil, 2, balance.Ramp{})]++
	}
	// It is drawn in half of the pairs and wins each of them.
	if counts[1] < 19_000 || counts[1] > 21_000 {
		t.Errorf("the idle member got %d of 40,000, want about 20,000", counts[1])
	}
}

func TestLeastLatency(t *testing.T) {
	took := func(m *balance.Member, at time.Duration, d time.Duration) { m.Latency.Observe(start.Add(at), d) }
	tests := map[string]struct {
		prepare func(a, b *balance.Member)
		at      time.Duration
		want    int
	}{
		"the faster": {func(a, b *balance.Member) {
			took(a, 0, time.Second)
			took(b, 0, time.Millisecond)
		}, 0, 1},
		"the slower where the faster has too many requests": {func(a, b *balance.Member) {
			took(a, 0, 10*time.Millisecond)
			took(b, 0, time.Millisecond)
			b.InFlight.Store(20)
		}, 0, 0},
		"a cold one without requests": {func(a, b *balance.Member) { took(a, 0, time.Millisecond) }, 0, 1},
		"never a cold one that is being tried": {func(a, b *balance.Member) {
			took(a, 0, time.Minute)
			a.InFlight.Store(1000)
			b.InFlight.Store(1)
		}, 0, 0},
		"a rise counts at once": {func(a, b *balance.Member) {
			took(a, 0, 5*time.Millisecond)
			for i := range 100 {
				took(b, time.Duration(i)*time.Millisecond, time.Millisecond)
			}
			took(b, 100*time.Millisecond, time.Second)
		}, 100 * time.Millisecond, 0},
		"a peak is forgotten": {func(a, b *balance.Member) {
			took(b, 0, time.Second)
			for i := range 200 {
				took(a, time.Duration(i)*time.Second, 20*time.Millisecond)
			}
		}, 200 * time.Second, 1},
		"one that fails fast is not fast": {func(a, b *balance.Member) {
			took(a, 0, 500*time.Millisecond)
			b.Latency.Fail(start, time.Microsecond)
		}, 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			members := idle(2)
			test.prepare(members[0], members[1])
			for range 20 {
				if got := balance.LeastLatency(members, nil, start.Add(test.at), balance.Ramp{}); got != test.want {
					t.Fatalf("got %d, want %d", got, test.want)
				}
			}
		})
	}
}

func TestFailuresGrowNoLatencyWithoutBound(t *testing.T) {
	var l balance.Latency
	for i := range 1000 {
		l.Fail(start.Add(time.Duration(i)*time.Millisecond), time.Millisecond)
	}
	if got := l.Average(); got <= 0 || got > time.Hour {
		t.Errorf("the average is %v", got)
	}
}

// named makes members without requests.
func named(list []string) []*balance.Member {
	members := make([]*balance.Member, len(list))
	for i, n := range list {
		members[i] = new(balance.Member)
		members[i].Named(n)
	}
	return members
}

// movement returns which part of the hashes leads to another name in the second list.
func movement(before, after []string) float64 {
	const keys = 20_000
	x, y := named(before), named(after)
	moved := 0
	for i := range keys {
		h := balance.HashOf(fmt.Appendf(nil, "user-%d", i))
		if before[balance.Hash(h, x, nil, 0)] != after[balance.Hash(h, y, nil, 0)] {
			moved++
		}
	}
	return float64(moved) / keys
}

func TestAHashMovesLittle(t *testing.T) {
	for _, n := range []int{2, 3, 5, 10, 30, 100} {
		all := names(n + 1)
		for _, gone := range []int{0, n / 2, n} {
			fewer := slices.Delete(slices.Clone(all), gone, gone+1)
			bound := 1.5 / float64(n)
			if got := movement(all, fewer); got > bound {
				t.Errorf("%d to %d members: %.4f of the hashes move, more than %.4f", n+1, n, got, bound)
			}
			if got := movement(fewer, all); got > bound {
				t.Errorf("%d to %d members: %.4f of the hashes move, more than %.4f", n, n+1, got, bound)
			}
		}
	}
}

func TestOnlyTheHashesOfAMemberThatGoesMove(t *testing.T) {
	list := names(9)
	all, fewer := named(list), named(list[1:])
	for i := range 10_000 {
		h := balance.HashOf(fmt.Appendf(nil, "user-%d", i))
		before := balance.Hash(h, all, nil, 0)
		if after := balance.Hash(h, fewer, nil, 0) + 1; before != 0 && after != before {
			t.Fatalf("the hash %d moved from %d to %d though 0 went", h, before, after)
		} else if avoided := balance.Hash(h, all, all[:1], 0); avoided != after {
			t.Fatalf("the hash %d goes to %d where 0 is avoided and to %d where it is gone", h, avoided, after)
		}
	}
}

func TestReplicasChooseAlikeInAnyOrder(t *testing.T) {
	list := names(12)
	reversed := slices.Clone(list)
	slices.Reverse(reversed)
	x, y := named(list), named(reversed)
	for i := range 10_000 {
		h := balance.HashOf(fmt.Appendf(nil, "user-%d", i))
		here, there := balance.Hash(h, x, nil, 0), balance.Hash(h, y, nil, 0)
		if list[here] != reversed[there] {
			t.Fatalf("hash %d: %s here, %s there", h, list[here], reversed[there])
		}
	}
}

// TestTheRanksAreStable fails where a new version would send every client elsewhere.
func TestTheRanksAreStable(t *testing.T) {
	var got []string
	for i := range 16 {
		got = append(got, fmt.Sprint(balance.Hash(balance.HashOf(fmt.Appendf(nil, "user-%d", i)), idle(5), nil, 0)))
	}
	const want = "1 3 0 1 2 0 2 1 2 1 2 3 4 1 2 0"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got %s, want %s", s, want)
	}
}

func TestABoundedHashKeepsItsBound(t *testing.T) {
	const n, requests = 8, 800
	for _, percent := range []int{100, 125, 200} {
		members := idle(n)
		hash := balance.HashOf([]byte("everybody's favourite"))
		for i := range requests {
			members[balance.Hash(hash, members, nil, percent)].InFlight.Add(1)
			bound := max(int64((i+1)*percent+n*100-1)/(n*100), 8)
			for at, m := range members {
				if got := m.InFlight.Load(); got > bound {
					t.Fatalf("%d%%: after %d requests member %d has %d, more than %d", percent, i+1, at, got, bound)
				}
			}
		}
	}
}

// rankOracle sorts all members by where the hash leads without the better ones.
func rankOracle(hash uint64, members, skip []*balance.Member, bound int64) int {
	var order []int
	for range members {
		var taken []*balance.Member
		for _, at := range order {
			taken = append(taken, members[at])
		}
		order = append(order, balance.Hash(hash, members, taken, 0))
	}
	for _, at := range order {
		if !slices.Contains(skip, members[at]) && members[at].InFlight.Load() < bound {
			return at
		}
	}
	for _, at := range order {
		if !slices.Contains(skip, members[at]) {
			return at
		}
	}
	return order[0]
}

func FuzzHashIsTheOracle(f *testing.F) {
	f.Add(uint64(7), uint8(5), uint16(1), []byte{9, 0, 200})
	f.Fuzz(func(t *testing.T, hash uint64, size uint8, skipped uint16, loads []byte) {
		n := int(size)%16 + 1
		members := idle(n)
		var skip []*balance.Member
		for i, m := range members {
			if i < len(loads) {
				m.InFlight.Store(int64(loads[i]))
			}
			if skipped&(1<<i) != 0 {
				skip = append(skip, m)
			}
		}
		for _, percent := range []int{0, 100, 150} {
			got := balance.Hash(hash, members, skip, percent)
			bound := int64(math.MaxInt64)
			if percent > 0 {
				total := int64(1)
				for _, m := range members {
					total += m.InFlight.Load()
				}
				bound = max(int64(math.Ceil(float64(total*int64(percent))/float64(100*n))), 8)
			}
			if want := rankOracle(hash, members, skip, bound); got != want {
				t.Fatalf("of %d members, skip %b, %d%%: took %d, want %d", n, skipped, percent, got, want)
			}
		}
	})
}

func TestNoStrategyAllocates(t *testing.T) {
	for name, pick := range pickers(5) {
		members := group(1, 2, 3, 4, 5)
		skip := members[:1]
		ramp := balance.Ramp{Now: start, Window: time.Minute}
		if got := testing.AllocsPerRun(100, func() { pick(members, skip, ramp) }); got != 0 {
			t.Errorf("%s allocates %v times", name, got)
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for _, n := range []int{3, 30, 300} {
		for name, pick := range pickers(n) {
			members := idle(n)
			for _, m := range members {
				m.Latency.Observe(start, time.Millisecond)
			}
			b.Run(fmt.Sprintf("%s of %d", name, n), func(b *testing.B) {
				for b.Loop() {
					pick(members, nil, balance.Ramp{})
				}
			})
		}
	}
}

// FuzzWeightedKeepsShares counts a whole number of cycles.
func FuzzWeightedKeepsShares(f *testing.F) {
	f.Add([]byte{1, 1, 1})
	f.Add([]byte{5, 1, 1})
	f.Add([]byte{200, 100, 7})
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if len(bytes) == 0 || len(bytes) > 8 {
			return
		}
		var weights []uint64
		sum := 0
		for _, b := range bytes {
			weights = append(weights, uint64(b)+1)
			sum += int(b) + 1
		}
		w := balance.NewWeighted(weights)
		if uint64(sum)%w.Total() != 0 {
			t.Fatalf("%v: a cycle of %d is no part of %d", weights, w.Total(), sum)
		}
		counts := make([]int, len(weights))
		for range sum {
			counts[w.Next()]++
		}
		for i, got := range counts {
			if got != int(weights[i]) {
				t.Fatalf("%v: %d turns of %d, want %d", weights, got, sum, weights[i])
			}
		}
	})
}
