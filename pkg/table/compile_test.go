package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// phases is a filter that acts in both phases; onlyRequest in one.
type (
	phases      struct{ port uint16 }
	onlyRequest struct{ port uint16 }
)

func (*phases) OnRequestHead(*filter.Exchange) *filter.Answer      { return nil }
func (*phases) OnResponseHead(*filter.Exchange)                    {}
func (*onlyRequest) OnRequestHead(*filter.Exchange) *filter.Answer { return nil }

// testFilters makes an instance by the port of the redirect: from 1000 it acts
// on requests only, 13 cannot be made, 14 acts in no phase.
func testFilters(f ir.Filter) (any, error) {
	switch port := f.(*ir.RedirectHTTPS).Port; {
	case port == 13:
		return nil, errors.New("port 13 brings no luck")
	case port == 14:
		return struct{}{}, nil
	case port >= 1000:
		return &onlyRequest{port}, nil
	default:
		return &phases{port}, nil
	}
}

func testDeps(t testing.TB) Deps {
	t.Helper()
	upstreams := upstream.NewRegistry(upstream.Options{})
	t.Cleanup(upstreams.Close)
	certificates, err := certs.NewRegistry(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Deps{Upstreams: upstreams, Certs: certificates, Queues: queue.NewRegistry(), Filters: testFilters}
}

// config is one clear-text listener with the routes of one host, and an
// upstream for each key.
func config(routes []ir.Route, keys ...string) *ir.Config {
	c := &ir.Config{
		Listeners: []ir.Listener{{Name: "http", RouteSet: "all"}},
		RouteSets: []ir.RouteSet{{Name: "all", Hosts: []ir.Host{{Pattern: "shop.example", Routes: routes}}}},
	}
	for _, k := range keys {
		c.Upstreams = append(c.Upstreams, ir.Upstream{Key: k, Endpoints: k, MaxIdlePerEndpoint: 1})
	}
	return c
}

// route is a route of the object that its ID names.
func route(id, path string, action ir.Action) ir.Route {
	return ir.Route{
		ID:     id,
		Origin: report.Origin{Kind: "Ingress", Namespace: "ns", Name: id},
		Field:  "spec.rules[0]",
		Match:  ir.Match{Path: ir.PathMatch{Kind: ir.PathPrefix, Value: path}},
		Action: action,
	}
}

func to(keys ...string) *ir.Forward {
	f := &ir.Forward{}
	for _, k := range keys {
		f.Backends = append(f.Backends, ir.WeightedUpstream{Upstream: k, Weight: 1})
	}
	return f
}

func get(path string) *match.Input {
	return &match.Input{Host: []byte("shop.example"), Path: []byte(path), Method: []byte("GET")}
}

func compile(t testing.TB, c *ir.Config) (*Table, *report.Set) {
	t.Helper()
	tbl, facts := Compile(c, testDeps(t))
	t.Cleanup(tbl.Release)
	return tbl, facts
}

func TestCompileServesWhatTheConfigSays(t *testing.T) {
	first := route("a", "/a", to("ns/a:80"))
	first.Timeouts.Idle = 7
	first.MaxBodyBytes = 8
	tbl, facts := compile(t, config([]ir.Route{first, route("rest", "/", &ir.Respond{Status: 404, Reason: "nothing"})}, "ns/a:80"))
	if facts.Len() != 0 {
		t.Errorf("unexpected facts: %v", facts.All())
	}
	l := tbl.Listener("http")
	r := l.Find(get("/a/x"))
	if r == nil || r.ID != "a" || r.Index != 0 || r.Host != "shop.example" || r.Timeouts.Idle != 7 || r.MaxBodyBytes != 8 {
		t.Fatalf("found %+v", r)
	}
	if o := r.Choose(get("/a")); o.Pool == nil || o.Pool.Key() != "ns/a:80" || o.Failure != nil {
		t.Errorf("chose %v, %v", o.Pool, o.Failure)
	}
	if r := l.Find(get("/ab")); r == nil || r.Respond == nil || r.Respond.Status != 404 {
		t.Errorf("found %+v", r)
	}
	if r := l.Find(&match.Input{Host: []byte("other.example"), Path: []byte("/")}); r != nil {
		t.Errorf("another host found %+v", r)
	}
	if tbl.Listener("https") != nil {
		t.Error("there is a listener that nobody asked for")
	}
	for i, r := range tbl.Routes() {
		if r.Index != i {
			t.Errorf("route %d has index %d", i, r.Index)
		}
	}
}

func TestABrokenElementHarmsNoOther(t *testing.T) {
	good := route("good", "/good", to("ns/good:80"))
	withFilter := func(port uint16) ir.Route {
		r := route("bad", "/bad", to("ns/good:80"))
		r.Filters = []ir.Filter{&ir.RedirectHTTPS{Status: 308, Port: 443}, &ir.RedirectHTTPS{Status: 308, Port: port}}
		return r
	}
	withMatch := func(m ir.Match) ir.Route {
		r := route("bad", "/bad", to("ns/good:80"))
		r.Match = m
		return r
	}
	exprHeader := []ir.ValueMatch{{Name: "x", Kind: ir.ValueRegex, Value: "(["}}
	tests := map[string]struct {
		bad ir.Route
		// answer is the status of /bad; 0 means that no route matches.
		answer int
		// fact is a part of the message about Ingress/ns/bad.
		fact string
	}{
		"a filter that cannot be made": {withFilter(13), 500, "filter 1 cannot be made: port 13 brings no luck"},
		"a filter without a phase":     {withFilter(14), 500, "filter 1 acts in no phase"},
		"no action":                    {route("bad", "/bad", nil), 500, "the route has no action"},
		"an action that is nil":        {route("bad", "/bad", (*ir.Forward)(nil)), 500, "the route has no action"},
		"an answer that is nil":        {route("bad", "/bad", (*ir.Respond)(nil)), 500, "the route has no action"},
		"a status that is none":        {route("bad", "/bad", &ir.Respond{Status: 99}), 500, "status 99 is not between 200 and 599"},
		"an upstream that is missing":  {route("bad", "/bad", to("ns/none:80")), 500, `upstream "ns/none:80" is not defined`},
		"a regex that does not compile": {
			withMatch(ir.Match{Path: ir.PathMatch{Kind: ir.PathRegex, Value: "/bad("}}), 0, "the path cannot be matched",
		},
		"a header regex that does not compile": {
			withMatch(ir.Match{Path: ir.PathMatch{Value: "/bad"}, Headers: exprHeader}), 0, "the headers[x] cannot be matched",
		},
		"a path that no request has": {
			withMatch(ir.Match{Path: ir.PathMatch{Value: "/bad?x"}}), 0, "the path cannot be matched, so that no request gets here: path_byte",
		},
		"a header of the connection": {
			withMatch(ir.Match{Path: ir.PathMatch{Value: "/bad"}, Headers: []ir.ValueMatch{{Name: "upgrade", Value: "websocket"}}}),
			0, "no condition sees the header upgrade",
		},
		"a kind that is unknown": {
			withMatch(ir.Match{Path: ir.PathMatch{Kind: 9, Value: "/bad"}}), 0, "the kind of the path is unknown",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tbl, facts := compile(t, config([]ir.Route{tt.bad, good}, "ns/good:80"))
			l := tbl.Listener("http")
			if r := l.Find(get("/good")); r == nil || r.ID != "good" || r.Respond != nil {
				t.Errorf("the neighbour is not served: %+v", r)
			}
			if got := answer(l.Find(get("/bad"))); got != tt.answer {
				t.Errorf("/bad is answered %d, want %d", got, tt.answer)
			}
			if !slices.ContainsFunc(facts.Of(tt.bad.Origin), func(f report.Fact) bool {
				return f.Severity == report.Error && f.Field == tt.bad.Field && strings.Contains(f.Message, tt.fact)
			}) {
				t.Errorf("no fact says %q in %v", tt.fact, facts.All())
			}
			if about := facts.Of(good.Origin); len(about) != 0 {
				t.Errorf("the neighbour is reported: %v", about)
			}
		})
	}
}

// answer returns the status that Sluice itself gives, 0 without a route, -1
// where an upstream serves.
func answer(r *Route) int {
	if r == nil {
		return 0
	}
	if r.Respond != nil {
		return r.Respond.Status
	}
	if failure := r.Choose(get("/a")).Failure; failure != nil {
		return failure.Status
	}
	return -1
}

func TestABrokenHostHarmsNoOther(t *testing.T) {
	c := config([]ir.Route{route("good", "/", to("ns/good:80"))}, "ns/good:80")
	c.RouteSets[0].Hosts = append(c.RouteSets[0].Hosts, ir.Host{
		Pattern: "UPPER.example", Routes: []ir.Route{route("bad", "/", to("ns/good:80"))},
	})
	tbl, facts := compile(t, c)
	if r := tbl.Listener("http").Find(get("/")); r == nil || r.ID != "good" {
		t.Errorf("found %+v", r)
	}
	if about := facts.Of(report.Origin{Kind: "Ingress", Namespace: "ns", Name: "bad"}); len(about) != 1 {
		t.Errorf("want one fact about the broken host's route, got %v", facts.All())
	}
}

func TestAListenerWithoutRoutesAnswersNothing(t *testing.T) {
	c := config(nil)
	c.Listeners = append(c.Listeners,
		ir.Listener{Name: "lost", RouteSet: "none"},
		ir.Listener{Name: "http", RouteSet: "none", Port: 9},
	)
	tbl, facts := compile(t, c)
	if r := tbl.Listener("lost").Find(get("/")); r != nil {
		t.Errorf("found %+v", r)
	}
	if got := tbl.Listener("http"); got.RouteSet != "all" || got.Port != 0 {
		t.Errorf("the second listener of a name took the place of the first: %+v", got)
	}
	if len(tbl.Listeners()) != 2 || facts.Len() == 0 {
		t.Errorf("got %d listeners and the facts %v", len(tbl.Listeners()), facts.All())
	}
}

func TestAnUnknownProtocolIsNotServedInClearText(t *testing.T) {
	c := config([]ir.Route{route("a", "/", to("ns/a:80"))}, "ns/a:80")
	c.Listeners[0].Protocol = 9
	tbl, facts := compile(t, c)
	if r := tbl.Listener("http").Find(get("/")); r != nil || facts.Len() == 0 {
		t.Errorf("found %+v with the facts %v", r, facts.All())
	}
}

func TestListenersShareARouteSet(t *testing.T) {
	c := config([]ir.Route{route("a", "/", to("ns/a:80"))}, "ns/a:80")
	c.Listeners = append(c.Listeners, ir.Listener{Name: "https", Protocol: ir.HTTPS, RouteSet: "all"})
	tbl, facts := compile(t, c)
	if facts.Len() != 0 {
		t.Errorf("unexpected facts: %v", facts.All())
	}
	plain, secure := tbl.Listener("http"), tbl.Listener("https")
	if plain.Find(get("/")) != secure.Find(get("/")) || len(tbl.Routes()) != 1 {
		t.Errorf("the listeners do not share their routes: %v", tbl.Routes())
	}
	if plain.TLS != nil || secure.TLS == nil {
		t.Errorf("TLS is %v in clear text and %v over TLS", plain.TLS, secure.TLS)
	}
}

func TestFiltersAreSortedByPhase(t *testing.T) {
	r := route("a", "/", to("ns/a:80"))
	for _, port := range []uint16{1, 1002, 3} {
		r.Filters = append(r.Filters, &ir.RedirectHTTPS{Status: 308, Port: port})
	}
	tbl, _ := compile(t, config([]ir.Route{r}, "ns/a:80"))
	chain := tbl.Routes()[0].Filters
	var request, response []uint16
	for _, f := range chain.RequestHead {
		switch f := f.(type) {
		case *phases:
			request = append(request, f.port)
		case *onlyRequest:
			request = append(request, f.port)
		}
	}
	for _, f := range chain.ResponseHead {
		response = append(response, f.(*phases).port)
	}
	if !slices.Equal(request, []uint16{1, 1002, 3}) || !slices.Equal(response, []uint16{3, 1}) {
		t.Errorf("requests pass %v and responses %v", request, response)
	}
}

func TestBackendsFailTheirOwnShare(t *testing.T) {
	tests := map[string]struct {
		backends []ir.WeightedUpstream
		// want counts the outcomes of four requests.
		want map[string]int
	}{
		"no backend at all":              {nil, map[string]int{"500 no backend has a weight above 0": 4}},
		"all weights are 0":              {[]ir.WeightedUpstream{{Upstream: "ns/a:80"}}, map[string]int{"500 no backend has a weight above 0": 4}},
		"a weight of 0 gets no request":  {[]ir.WeightedUpstream{{Upstream: "ns/a:80", Weight: 1}, {Upstream: "ns/b:80"}}, map[string]int{"ns/a:80": 4}},
		"a negative weight gets nothing": {[]ir.WeightedUpstream{{Upstream: "ns/a:80", Weight: 1}, {Upstream: "ns/b:80", Weight: -1}}, map[string]int{"ns/a:80": 4}},
		"one of two is unresolved": {
			[]ir.WeightedUpstream{{Upstream: "ns/a:80", Weight: 3}, {FailStatus: 503, FailReason: "no such Service", Weight: 1}},
			map[string]int{"ns/a:80": 3, "503 no such Service": 1},
		},
		"one that is not ready gets no request": {
			[]ir.WeightedUpstream{{Upstream: "ns/a:80", Weight: 1}, {Upstream: "ns/b:80", Weight: 9, Unready: true}}, map[string]int{"ns/a:80": 4},
		},
		"none is ready": {
			[]ir.WeightedUpstream{{Upstream: "ns/a:80"}, {Upstream: "ns/b:80", Weight: 9, Unready: true}}, map[string]int{"503 no backend is ready": 4},
		},
		"a failure without a status": {
			[]ir.WeightedUpstream{{FailReason: "lost", Weight: 1}}, map[string]int{"500 lost": 4},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tbl, _ := compile(t, config([]ir.Route{route("a", "/", &ir.Forward{Backends: tt.backends})}, "ns/a:80", "ns/b:80"))
			got := make(map[string]int)
			for range 4 {
				o := tbl.Routes()[0].Choose(get("/a"))
				if o.Failure != nil {
					got[fmt.Sprintf("%d %s", o.Failure.Status, o.Failure.Reason)]++
				} else {
					got[o.Pool.Key()]++
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("outcomes differ (-want +got):\n%s", diff)
			}
		})
	}
}

// references returns how many tables hold each pool.
func references(d Deps) map[string]int {
	held := make(map[string]int)
	for _, p := range d.Upstreams.Dump() {
		if p.References > 0 {
			held[p.Key] = p.References
		}
	}
	return held
}

func TestPoolsOutliveTheTablesThatShareThem(t *testing.T) {
	d := testDeps(t)
	old, _ := Compile(config([]ir.Route{route("a", "/a", to("a", "b")), route("b", "/b", to("a"))}, "a", "b", "unused"), d)
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 1}, references(d)); diff != "" {
		t.Errorf("the first table holds other pools (-want +got):\n%s", diff)
	}
	var h Holder
	if h.Load() != nil || h.Swap(old) != nil {
		t.Error("an empty holder held a table")
	}
	exchange := h.Load()
	renewed, _ := Compile(config([]ir.Route{route("a", "/a", to("a", "c"))}, "a", "c"), d)
	if h.Swap(renewed) != old || h.Load() != renewed {
		t.Error("the holder did not swap")
	}
	if diff := cmp.Diff(map[string]int{"a": 2, "b": 1, "c": 1}, references(d)); diff != "" {
		t.Errorf("both tables hold other pools (-want +got):\n%s", diff)
	}
	if r := exchange.Listener("http").Find(get("/b")); r == nil || r.ID != "b" {
		t.Errorf("an exchange on the old table found %+v", r)
	}
	shared := exchange.Listener("http").Find(get("/b")).Choose(get("/b")).Pool
	again := renewed.Listener("http").Find(get("/a")).Choose(get("/a")).Pool
	if again.Key() == "c" {
		again = renewed.Listener("http").Find(get("/a")).Choose(get("/a")).Pool
	}
	if shared != again {
		t.Error("the pool of one key is not the same in both tables")
	}
	old.Release()
	old.Release()
	if diff := cmp.Diff(map[string]int{"a": 1, "c": 1}, references(d)); diff != "" {
		t.Errorf("the second table holds other pools (-want +got):\n%s", diff)
	}
	renewed.Release()
	if held := references(d); len(held) != 0 {
		t.Errorf("pools are held by no table: %v", held)
	}
}

// manyPaths is a config of n paths on one host, each to an upstream of its own.
func manyPaths(n int) *ir.Config {
	routes := make([]ir.Route, n)
	keys := make([]string, n)
	for i := range n {
		keys[i] = fmt.Sprintf("ns/s%05d:80", i)
		routes[i] = route(fmt.Sprintf("r%05d", i), fmt.Sprintf("/team-%d/app-%d", i%100, i), to(keys[i]))
	}
	return config(routes, keys...)
}

func TestTenThousandPathsOnOneHost(t *testing.T) {
	const n = 10_000
	tbl, facts := compile(t, manyPaths(n))
	if facts.Len() != 0 {
		t.Fatalf("unexpected facts: %v", facts.All()[:1])
	}
	l := tbl.Listener("http")
	for i := range n {
		r := l.Find(get(fmt.Sprintf("/team-%d/app-%d/x", i%100, i)))
		if r == nil || r.Index != i {
			t.Fatalf("path %d found %+v", i, r)
		}
		if pool := r.Choose(get("/a")).Pool; pool.Key() != fmt.Sprintf("ns/s%05d:80", i) {
			t.Fatalf("path %d is forwarded to %s", i, pool.Key())
		}
	}
	if r := l.Find(get("/team-1/app-10001")); r != nil {
		t.Errorf("found %+v", r)
	}
	e := l.Explain(get("/team-1/app-1"))
	if len(e.Hosts) != 1 || len(e.Hosts[0].Routes) != maxExplained || e.Hosts[0].Omitted != n-maxExplained || e.Route == nil {
		t.Errorf("the explanation is not bounded, or lost the route: %v", e.Route)
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprintf("paths=%d", n), func(b *testing.B) {
			c, d := manyPaths(n), testDeps(b)
			b.ReportAllocs()
			for b.Loop() {
				tbl, _ := Compile(c, d)
				tbl.Release()
			}
		})
	}
}
