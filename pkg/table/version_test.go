package table

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// lines is a match.Header of "name", "value" pairs.
type lines [][2]string

func (l lines) Line(name string, from int) ([]byte, int, bool) {
	for i := from; i < len(l); i++ {
		if l[i][0] == name {
			return []byte(l[i][1]), i + 1, true
		}
	}
	return nil, len(l), false
}

// versioned returns a table with one route whose backends are named after their versions.
func versioned(t testing.TB, v ir.Versioning, backends ...ir.WeightedUpstream) *Route {
	t.Helper()
	f := &ir.Forward{Versioning: v, Backends: backends}
	var keys []string
	for i := range backends {
		backends[i].Upstream = fmt.Sprintf("ns/v%s-%d:80", backends[i].Version, i)
		keys = append(keys, backends[i].Upstream)
	}
	tbl, _ := compile(t, config([]ir.Route{route("a", "/", f)}, keys...))
	return tbl.Routes()[0]
}

func TestARequestGetsTheVersionThatItNames(t *testing.T) {
	byHeader := ir.Versioning{Source: ir.VersionHeader, Name: "app-version", Default: "1"}
	with := func(v ir.Versioning, change func(*ir.Versioning)) ir.Versioning { change(&v); return v }
	asks := func(version string) *match.Input {
		return &match.Input{Path: []byte("/"), Header: lines{{"app-version", version}}}
	}
	backends := func() []ir.WeightedUpstream {
		return []ir.WeightedUpstream{{Version: "1", Weight: 1}, {Version: "2", Weight: 3}, {Version: "2.1", Weight: 1}, {Version: "3", Weight: 1, Unready: true}, {Version: "4"}}
	}
	tests := map[string]struct {
		versioning ir.Versioning
		in         *match.Input
		want       string
	}{
		"the longest":                        {byHeader, asks("2.1.7"), "2.1"},
		"a shorter one":                      {byHeader, asks("2.2"), "2"},
		"none named":                         {byHeader, &match.Input{Path: []byte("/")}, "1"},
		"an empty one":                       {byHeader, asks(""), "1"},
		"one that is not there":              {byHeader, asks("20"), "1"},
		"one that is not ready":              {byHeader, asks("3"), "1"},
		"one without a weight":               {byHeader, asks("4"), "1"},
		"rejected where it is not there":     {with(byHeader, func(v *ir.Versioning) { v.NoMatch = ir.NoMatchReject }), asks("20"), "400"},
		"the default where others are not":   {with(byHeader, func(v *ir.Versioning) { v.NoMatch = ir.NoMatchReject }), asks(""), "1"},
		"rejected where none is named":       {with(byHeader, func(v *ir.Versioning) { v.NoMatch, v.Default = ir.NoMatchReject, "" }), asks(""), "400"},
		"a default that nobody has":          {with(byHeader, func(v *ir.Versioning) { v.Default = "9" }), asks("7"), "400"},
		"a default that nobody has, unnamed": {with(byHeader, func(v *ir.Versioning) { v.Default = "9" }), asks(""), "400"},
		"a default of more parts":            {with(byHeader, func(v *ir.Versioning) { v.Default = "2.1.5" }), asks(""), "2.1"},
		"in the query":                       {ir.Versioning{Source: ir.VersionQuery, Name: "v", Default: "1"}, &match.Input{Query: []byte("a=1&v=2%2E1")}, "2.1"},
		"in a cookie":                        {ir.Versioning{Source: ir.VersionCookie, Name: "v", Default: "1"}, &match.Input{Header: lines{{"cookie", "a=1; v=2"}}}, "2"},
		"in the path":                        {ir.Versioning{Source: ir.VersionPath, Segment: 2, Default: "1"}, &match.Input{Path: []byte("/api/2.0/x")}, "2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := versioned(t, tt.versioning, backends()...)
			for range 5 {
				o := r.Choose(tt.in)
				got := ""
				if o.Failure != nil {
					got = fmt.Sprint(o.Failure.Status)
				} else {
					got = o.Version.Name
				}
				if got != tt.want {
					t.Fatalf("got %s, want %s", got, tt.want)
				}
			}
		})
	}
}

func TestAnyVersionIsChosenByWeight(t *testing.T) {
	r := versioned(t, ir.Versioning{Source: ir.VersionHeader, Name: "v", NoMatch: ir.NoMatchAny},
		ir.WeightedUpstream{Version: "1", Weight: 1}, ir.WeightedUpstream{Version: "2", Weight: 3}, ir.WeightedUpstream{Version: "2", Weight: 2})
	got := make(map[string]int)
	for range 12 {
		got[r.Choose(get("/")).Pool.Key()]++
	}
	if diff := cmp.Diff(map[string]int{"ns/v1-0:80": 2, "ns/v2-1:80": 6, "ns/v2-2:80": 4}, got); diff != "" {
		t.Errorf("without a version (-want +got):\n%s", diff)
	}
	clear(got)
	for range 5 {
		o := r.Choose(&match.Input{Header: lines{{"v", "2"}}})
		got[o.Pool.Key()]++
		if o.Version.Index >= r.Versions() {
			t.Errorf("index %d of %d versions", o.Version.Index, r.Versions())
		}
	}
	if diff := cmp.Diff(map[string]int{"ns/v2-1:80": 3, "ns/v2-2:80": 2}, got); diff != "" || r.Versions() != 2 {
		t.Errorf("with version 2 of %d (-want +got):\n%s", r.Versions(), diff)
	}
}

func TestARejectionListsTheVersions(t *testing.T) {
	r := versioned(t, ir.Versioning{Source: ir.VersionHeader, Name: "v", NoMatch: ir.NoMatchReject},
		ir.WeightedUpstream{Version: "2", Weight: 1}, ir.WeightedUpstream{Version: "1", Weight: 1}, ir.WeightedUpstream{Version: "2", Weight: 1})
	want := &Failure{
		Status: 400, Word: ReasonVersion,
		Reason: "no back end has the version that the request asks for; those served are 1, 2",
		Body:   "400 Bad Request: the version is missing or not served. Versions served: 1, 2\n",
		JSON:   `"status":400,"message":"the version is missing or not served","versions":["1","2"]`,
	}
	if diff := cmp.Diff(want, r.Choose(get("/")).Failure); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABackendWithoutAVersionBreaksItsVersionedRoute(t *testing.T) {
	r := versioned(t, ir.Versioning{Source: ir.VersionHeader, Name: "v", Default: "1"}, ir.WeightedUpstream{Version: "1", Weight: 1}, ir.WeightedUpstream{Weight: 1})
	if r.Respond == nil || r.Respond.Status != 500 {
		t.Errorf("got %+v", r)
	}
}

func TestExplainSaysWhichVersionServes(t *testing.T) {
	f := &ir.Forward{
		Versioning: ir.Versioning{Source: ir.VersionHeader, Name: "v", Default: "1"},
		Backends: []ir.WeightedUpstream{
			{Upstream: "ns/a:80", Version: "1", Weight: 1}, {Upstream: "ns/b:80", Version: "2", Weight: 2},
			{Upstream: "ns/c:80", Version: "2", Weight: 1}, {Upstream: "ns/d:80", Version: "2", Weight: 1, Unready: true},
		},
	}
	tbl, _ := compile(t, config([]ir.Route{route("a", "/", f)}, "ns/a:80", "ns/b:80", "ns/c:80", "ns/d:80"))
	in := get("/")
	in.Header = lines{{"v", "2.5"}}
	e := tbl.Listener("http").Explain(in)
	if diff := cmp.Diff(&ExplainedVersion{Source: "Header", Name: "v", Asked: "2.5", Default: "1", Served: []string{"2"}}, e.Version); diff != "" {
		t.Errorf("the version differs (-want +got):\n%s", diff)
	}
	want := []ExplainedBackend{
		{Upstream: "ns/a:80", Endpoints: "ns/a:80", Balance: "RoundRobin", Choice: "no endpoint may be picked", Weight: 1, Total: 3, Version: "1", Excluded: "the version does not match"},
		{Upstream: "ns/b:80", Endpoints: "ns/b:80", Balance: "RoundRobin", Choice: "no endpoint may be picked", Weight: 2, Total: 3, Version: "2"},
		{Upstream: "ns/c:80", Endpoints: "ns/c:80", Balance: "RoundRobin", Choice: "no endpoint may be picked", Weight: 1, Total: 3, Version: "2"},
		{Upstream: "ns/d:80", Endpoints: "ns/d:80", Balance: "RoundRobin", Weight: 1, Total: 3, Version: "2", Excluded: "it is marked as not ready"},
	}
	if diff := cmp.Diff(want, e.Backends); diff != "" {
		t.Errorf("the backends differ (-want +got):\n%s", diff)
	}
}

func TestChoosingAVersionDoesNotAllocate(t *testing.T) {
	r := versioned(t, ir.Versioning{Source: ir.VersionCookie, Name: "v", Default: "1"}, ir.WeightedUpstream{Version: "1", Weight: 1}, ir.WeightedUpstream{Version: "2", Weight: 1})
	in := &match.Input{Header: lines{{"cookie", "a=b; v=2.1"}}}
	// One allocation is the test's own header line.
	if n := testing.AllocsPerRun(100, func() { r.Choose(in) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
