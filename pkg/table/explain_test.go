package table

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

func TestExplainTellsTheWholeDecision(t *testing.T) {
	canary := route("canary", "/cart", &ir.Forward{Backends: []ir.WeightedUpstream{
		{Upstream: "v1", Weight: 9}, {Upstream: "v2"}, {Weight: 1, FailStatus: 503, FailReason: "no such Service"},
	}})
	canary.Filters = []ir.Filter{&ir.RedirectHTTPS{Status: 308, Port: 443}}
	post := route("post", "/cart", to("v1"))
	post.Match.Method = "POST"
	tbl, _ := compile(t, config([]ir.Route{post, canary, route("rest", "/", to("v1"))}, "v1", "v2"))
	origin := func(name string) report.Origin { return report.Origin{Kind: "Ingress", Namespace: "ns", Name: name} }
	chosen := ExplainedRoute{
		ID: "canary", Origin: origin("canary"), Field: "spec.rules[0]", Host: "shop.example", Match: "PathPrefix /cart", Verdict: "chosen",
	}
	want := Explanation{
		Listener: "http", Protocol: "HTTP", RouteSet: "all",
		Hosts: []ExplainedHost{{Pattern: "shop.example", Routes: []ExplainedRoute{
			{
				ID: "post", Origin: origin("post"), Field: "spec.rules[0]", Host: "shop.example",
				Match: "PathPrefix /cart method=POST", Verdict: "mismatch", Reason: "method is GET, not POST",
			},
			chosen,
			{
				ID: "rest", Origin: origin("rest"), Field: "spec.rules[0]", Host: "shop.example",
				Match: "PathPrefix /", Verdict: "shadowed", Reason: "it matches, but an earlier route does too",
			},
		}}},
		Route:   &chosen,
		Filters: []string{"redirect-https status=308 port=443"},
		Backends: []ExplainedBackend{
			{Upstream: "v1", Endpoints: "v1", Balance: "RoundRobin", Choice: "no endpoint may be picked", Weight: 9, Total: 10},
			{Upstream: "v2", Endpoints: "v2", Balance: "RoundRobin", Weight: 0, Total: 10},
			{Weight: 1, Total: 10, Answer: &ExplainedAnswer{Status: 503, Reason: "no such Service"}},
		},
	}
	got := tbl.Listener("http").Explain(get("/cart"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("explanation differs (-want +got):\n%s", diff)
	}
	if _, err := json.Marshal(got); err != nil {
		t.Errorf("an explanation is no JSON: %v", err)
	}
}

func TestExplainTellsWhatSluiceAnswersItself(t *testing.T) {
	bad := route("bad", "/bad", to("a"))
	bad.Filters = []ir.Filter{&ir.RedirectHTTPS{Port: 13}}
	tbl, _ := compile(t, config([]ir.Route{
		bad,
		route("gone", "/gone", &ir.Respond{Status: 410, Reason: "retired"}),
		route("none", "/none", &ir.Forward{Backends: []ir.WeightedUpstream{{Upstream: "a"}}}),
		route("lost", "/lost", to("missing")),
	}, "a"))
	tests := map[string]struct {
		path     string
		answer   *ExplainedAnswer
		backends []ExplainedBackend
	}{
		"a broken route says what broke it": {"/bad", &ExplainedAnswer{500, "filter 0 cannot be made: port 13 brings no luck"}, nil},
		"a route that answers":              {"/gone", &ExplainedAnswer{410, "retired"}, nil},
		"weights of 0 serve nothing": {"/none", nil, []ExplainedBackend{
			{Upstream: "a", Endpoints: "a", Balance: "RoundRobin"}, {Answer: &ExplainedAnswer{500, "no backend has a weight above 0"}},
		}},
		"a missing upstream fails": {"/lost", nil, []ExplainedBackend{
			{Upstream: "missing", Weight: 1, Total: 1, Answer: &ExplainedAnswer{500, "upstream missing is not defined"}},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tbl.Listener("http").Explain(get(tt.path))
			if diff := cmp.Diff(tt.answer, got.Answer); diff != "" {
				t.Errorf("answer differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.backends, got.Backends); diff != "" {
				t.Errorf("backends differ (-want +got):\n%s", diff)
			}
			if len(got.Filters) != 0 {
				t.Errorf("filters that do not act are listed: %v", got.Filters)
			}
		})
	}
}

func TestExplainNamesHostsThatAreNear(t *testing.T) {
	tbl, _ := compile(t, config([]ir.Route{route("a", "/", to("a"))}, "a"))
	got := tbl.Listener("http").Explain(&match.Input{Host: []byte("cart.shop.example"), Path: []byte("/")})
	if got.Route != nil || len(got.Hosts) != 0 {
		t.Errorf("found %+v in %+v", got.Route, got.Hosts)
	}
	if diff := cmp.Diff([]string{"shop.example"}, got.NearHosts); diff != "" {
		t.Errorf("near hosts differ (-want +got):\n%s", diff)
	}
}

func TestExplainTellsOfMethodsThatAreNotForwarded(t *testing.T) {
	tunnel := route("tunnel", "/", to("a"))
	tunnel.Connect, tunnel.Match.Method = true, "CONNECT"
	method := route("method", "/", to("a"))
	method.Match.Method = "CONNECT"
	rest := route("rest", "/", to("a"))
	for name, tt := range map[string]struct {
		routes []ir.Route
		method string
		answer *ExplainedAnswer
		route  string
	}{
		"CONNECT with a route for it":                {[]ir.Route{tunnel, rest}, "CONNECT", nil, "tunnel"},
		"CONNECT without one":                        {[]ir.Route{rest}, "CONNECT", &ExplainedAnswer{501, "no route for CONNECT matches"}, ""},
		"CONNECT with one for the method alone":      {[]ir.Route{method, rest}, "CONNECT", &ExplainedAnswer{501, "no route for CONNECT matches"}, ""},
		"TRACE":                                      {[]ir.Route{tunnel, rest}, "TRACE", &ExplainedAnswer{405, "TRACE is never served"}, ""},
		"another method passes the route for tunnel": {[]ir.Route{tunnel, rest}, "PUT", nil, "rest"},
	} {
		t.Run(name, func(t *testing.T) {
			tbl, _ := compile(t, config(tt.routes, "a"))
			in := get("/")
			in.Method = []byte(tt.method)
			got := tbl.Listener("http").Explain(in)
			if diff := cmp.Diff(tt.answer, got.Answer); diff != "" {
				t.Errorf("answer differs (-want +got):\n%s", diff)
			}
			id := ""
			if got.Route != nil {
				id = got.Route.ID
			}
			if id != tt.route || (len(got.Backends) > 0) != (tt.route != "") {
				t.Errorf("the route is %q, to %v", id, got.Backends)
			}
		})
	}
}

func TestExplainTellsOfAmbiguousPaths(t *testing.T) {
	l := guarded(t)
	for path, tt := range map[string]struct {
		route, becomes string
		status         int
	}{
		"/admin/x": {"admin", "/admin/x", 0},
		"//admin":  {"admin", "/admin", 0},
		"/admin;x": {"", "/admin;x", 400},
	} {
		in := get(path)
		got := l.Explain(in)
		route, status := "", 0
		if got.Route != nil {
			route = got.Route.ID
		}
		if got.Answer != nil && got.Answer.Status != 401 {
			status = got.Answer.Status
		}
		if route != tt.route || status != tt.status || string(in.Path) != tt.becomes {
			t.Errorf("%s: got the route %q for %s and %+v", path, route, in.Path, got.Answer)
		}
	}
}
