package gateway

import (
	"slices"
	"strings"
	"testing"
)

// patterns are all that two levels of names make.
var patterns = []string{"", "com", "**.com", "a.com", "b.com", "**.a.com", "x.a.com", "**.x.a.com", "y.x.a.com", "xa.com"}

// hosts are what the patterns are tried with.
var hosts = []string{"com", "a.com", "b.com", "x.a.com", "y.a.com", "y.x.a.com", "z.y.x.a.com", "xa.com", "org"}

// matches is what a pattern means, host by host.
func matches(pattern, host string) bool {
	if rest, wildcard := strings.CutPrefix(pattern, "**."); wildcard {
		_, parent, below := strings.Cut(host, ".")
		for below {
			if parent == rest {
				return true
			}
			_, parent, below = strings.Cut(parent, ".")
		}
		return false
	}
	return pattern == "" || pattern == host
}

// TestIntersectionIsWhatBothMatch compares with every host.
func TestIntersectionIsWhatBothMatch(t *testing.T) {
	for _, a := range patterns {
		for _, b := range patterns {
			both, some := intersect(a, b)
			for _, host := range hosts {
				want := matches(a, host) && matches(b, host)
				if got := some && matches(both, host); got != want {
					t.Errorf("%q and %q make %q, %t; %q: got %t, want %t", a, b, both, some, host, got, want)
				}
			}
			if back, _ := intersect(b, a); back != both {
				t.Errorf("%q and %q make %q, the other way round %q", a, b, both, back)
			}
		}
	}
}

// TestTheMoreSpecificPatternComesFirst: one that covers another stands behind it.
func TestTheMoreSpecificPatternComesFirst(t *testing.T) {
	for _, a := range patterns {
		for _, b := range patterns {
			if a != b && covers(a, b) && comparePatterns(b, a) >= 0 {
				t.Errorf("%q does not stand before %q", b, a)
			}
		}
	}
	sorted := slices.SortedFunc(slices.Values(patterns), comparePatterns)
	if sorted[len(sorted)-1] != "" || strings.HasPrefix(sorted[0], "**.") {
		t.Errorf("sorted: %q", sorted)
	}
}

func TestHostnames(t *testing.T) {
	for name, test := range map[string]struct {
		hostname, want string
		fails          bool
	}{
		"a name":                      {hostname: "Shop.Example.com", want: "shop.example.com"},
		"a wildcard is for any depth": {hostname: "*.example.com", want: "**.example.com"},
		"none is any host":            {hostname: "", want: ""},
		"an address":                  {hostname: "192.0.2.1", fails: true},
		"a wildcard in the middle":    {hostname: "a.*.com", fails: true},
		"a bare wildcard":             {hostname: "*", fails: true},
		"two wildcards":               {hostname: "**.example.com", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := pattern(test.hostname)
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}
