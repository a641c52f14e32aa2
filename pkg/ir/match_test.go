package ir

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestCompareMatchesPutsTheMoreSpecificFirst(t *testing.T) {
	path := func(kind PathKind, value string) Match { return Match{Path: PathMatch{Kind: kind, Value: value}} }
	with := func(method string, headers, query int) Match {
		return Match{
			Path: PathMatch{Value: "/a"}, Method: method, Headers: make([]ValueMatch, headers), Query: make([]ValueMatch, query),
		}
	}
	tests := map[string]struct {
		first, second Match
		// same says that neither comes first.
		same bool
	}{
		"an exact path before a longer prefix":             {path(PathExact, "/a"), path(PathPrefix, "/a/b/c"), false},
		"an exact path before a regular expression":        {path(PathExact, "/a"), path(PathRegex, "/a.*"), false},
		"a regular expression before a longer prefix":      {path(PathRegex, "/a"), path(PathPrefix, "/a/b"), false},
		"the longer of two exact paths":                    {path(PathExact, "/a/"), path(PathExact, "/a"), false},
		"the longer of two prefixes":                       {path(PathPrefix, "/ab"), path(PathPrefix, "/a"), false},
		"the longer of two regular expressions":            {path(PathRegex, "/a+"), path(PathRegex, "/a"), false},
		"any prefix before the root":                       {path(PathPrefix, "/a"), path(PathPrefix, "/"), false},
		"the length of the path before a method":           {path(PathPrefix, "/ab"), with("GET", 3, 3), false},
		"a method before none":                             {with("GET", 0, 0), with("", 0, 0), false},
		"a method before any number of headers":            {with("GET", 0, 0), with("", 5, 5), false},
		"more headers before fewer":                        {with("", 2, 0), with("", 1, 0), false},
		"more headers before any number of parameters":     {with("", 1, 0), with("", 0, 5), false},
		"more parameters before fewer":                     {with("", 1, 2), with("", 1, 1), false},
		"a final slash of a prefix makes no difference":    {path(PathPrefix, "/a/"), path(PathPrefix, "/a"), true},
		"different methods are of the same rank":           {with("GET", 0, 0), with("DELETE", 0, 0), true},
		"different paths of one length have the same rank": {path(PathExact, "/a"), path(PathExact, "/b"), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := -1
			if tt.same {
				want = 0
			}
			if got := CompareMatches(tt.first, tt.second); got != want {
				t.Errorf("first to second is %d, want %d", got, want)
			}
			if got := CompareMatches(tt.second, tt.first); got != -want {
				t.Errorf("second to first is %d, want %d", got, -want)
			}
		})
	}
}

// TestCompareMatchesIsAnOrder asks that sorting gives one result whatever the
// order was before, which is what a strict weak order means.
func TestCompareMatchesIsAnOrder(t *testing.T) {
	match := rapid.Custom(func(t *rapid.T) Match {
		return Match{
			Path: PathMatch{
				Kind:  rapid.SampledFrom([]PathKind{PathPrefix, PathExact, PathRegex}).Draw(t, "kind"),
				Value: rapid.SampledFrom([]string{"/", "/a", "/a/", "/ab"}).Draw(t, "path"),
			},
			Method:  rapid.SampledFrom([]string{"", "GET", "POST"}).Draw(t, "method"),
			Headers: make([]ValueMatch, rapid.IntRange(0, 2).Draw(t, "headers")),
			Query:   make([]ValueMatch, rapid.IntRange(0, 2).Draw(t, "query")),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(match, 2, 12).Draw(t, "matches")
		other := rapid.Permutation(list).Draw(t, "another order")
		slices.SortStableFunc(list, CompareMatches)
		slices.SortStableFunc(other, CompareMatches)
		for i := range list {
			if CompareMatches(list[i], other[i]) != 0 {
				t.Fatalf("place %d is taken by %v or by %v", i, list[i], other[i])
			}
			if i > 0 && CompareMatches(list[i-1], list[i]) > 0 {
				t.Fatalf("%v stands before %v", list[i-1], list[i])
			}
		}
	})
}
