package health

import (
	"slices"
	"testing"
	"time"
)

var epoch = time.Unix(1_700_000_000, 0)

func TestTheTimeOfAnEjectionGrowsAndShrinks(t *testing.T) {
	p := Policy{Failures: 1, EjectFor: time.Second, MaxPercent: 100}
	var m Member
	now := epoch
	eject := func() int {
		d, ok := m.Eject(p, 0, 1, now)
		if !ok {
			t.Fatal("not ejected")
		}
		if m.Until() != now.Add(d) {
			t.Errorf("out until %v, not for %v", m.Until(), d)
		}
		now = now.Add(d)
		m.Return(now)
		return int(d / time.Second)
	}
	var got []int
	for range 12 {
		got = append(got, eject())
	}
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10}; !slices.Equal(got, want) {
		t.Errorf("ejected for %v, want %v seconds", got, want)
	}
	now = now.Add(3*time.Second + 1)
	if got := eject(); got != 8 {
		t.Errorf("after three seconds of service ejected for %d", got)
	}
	now = now.Add(time.Hour)
	if got := eject(); got != 1 {
		t.Errorf("after an hour of service ejected for %d", got)
	}
}

func TestHowManyMayBeOut(t *testing.T) {
	for _, tt := range []struct{ all, percent, want int }{
		{1, 50, 1}, {2, 50, 1}, {3, 50, 1}, {4, 50, 2}, {10, 1, 1}, {10, 100, 10}, {0, 50, 1},
	} {
		if got := Bound(tt.all, tt.percent); got != tt.want {
			t.Errorf("%d%% of %d: %d, want %d", tt.percent, tt.all, got, tt.want)
		}
	}
}

// oracle does what a group of members should, in the plainest way.
type oracle struct {
	policy   Policy
	failures []int
	until    []time.Time
	times    []int
	back     []time.Time
}

func (o *oracle) out() (n int) {
	for _, u := range o.until {
		if !u.IsZero() {
			n++
		}
	}
	return n
}

// fail returns for how long the member is ejected after it, 0 where it is not.
func (o *oracle) fail(i int, now time.Time) time.Duration {
	if !o.until[i].IsZero() {
		return 0
	}
	o.failures[i]++
	if o.failures[i]%o.policy.Failures != 0 {
		return 0
	}
	allowed := len(o.until) * o.policy.MaxPercent / 100
	if allowed == 0 {
		allowed = 1
	}
	if o.out() >= allowed {
		return 0
	}
	for at := o.back[i]; o.times[i] > 0 && !at.Add(o.policy.EjectFor).After(now); at = at.Add(o.policy.EjectFor) {
		o.times[i]--
	}
	if o.times[i] < 10 {
		o.times[i]++
	}
	var d time.Duration
	for range o.times[i] {
		d += o.policy.EjectFor
	}
	o.until[i] = now.Add(d)
	return d
}

// FuzzMembers compares members with the oracle: each byte is an event at a member.
func FuzzMembers(f *testing.F) {
	f.Add(uint8(3), uint8(50), uint8(2), []byte{0, 0, 0, 1, 1, 1, 5, 9, 200, 255, 0, 4, 8, 0})
	f.Add(uint8(1), uint8(100), uint8(4), []byte{0, 255, 0, 255, 0, 255, 0})
	f.Fuzz(func(t *testing.T, failures, percent, n uint8, events []byte) {
		p := Policy{Failures: int(failures%5) + 1, EjectFor: 10 * time.Second, MaxPercent: int(percent%100) + 1}
		count := int(n%6) + 1
		members := make([]Member, count)
		o := &oracle{policy: p, failures: make([]int, count), until: make([]time.Time, count), times: make([]int, count), back: make([]time.Time, count)}
		now := epoch
		for _, event := range events {
			i := int(event>>2) % count
			switch event & 3 {
			case 0, 1:
				var d time.Duration
				if members[i].Failed(p) {
					out := 0
					for j := range members {
						if members[j].Out() {
							out++
						}
					}
					d, _ = members[i].Eject(p, out, count, now)
				}
				if want := o.fail(i, now); d != want {
					t.Fatalf("member %d ejected for %v, want %v", i, d, want)
				}
			case 2:
				members[i].Succeeded()
				o.failures[i] = 0
			case 3:
				now = now.Add(time.Duration(event) * 100 * time.Millisecond)
				for j := range members {
					if !o.until[j].IsZero() && !now.Before(o.until[j]) {
						o.until[j], o.back[j], o.failures[j] = time.Time{}, now, 0
						members[j].Return(now)
					}
				}
			}
			for j := range members {
				if !members[j].Until().Equal(o.until[j]) {
					t.Fatalf("member %d is out until %v, want %v", j, members[j].Until(), o.until[j])
				}
			}
		}
	})
}
