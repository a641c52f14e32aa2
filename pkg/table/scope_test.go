package table

import (
	"net/netip"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// divided is a listener with scopes and streams; each route set has a route for "/" named after it.
func divided(t testing.TB) *Listener {
	t.Helper()
	set := func(name, host string) ir.RouteSet {
		r := route(name, "/"+name, to("ns/a:80"))
		return ir.RouteSet{Name: name, Hosts: []ir.Host{{Pattern: host, Routes: []ir.Route{r}}}}
	}
	c := config(nil, "ns/a:80")
	c.RouteSets = []ir.RouteSet{set("any", ""), set("exact", "a.example.com"), set("wild", "**.example.com")}
	c.Listeners = []ir.Listener{{
		Name: "gateway", Protocol: ir.HTTPS, Port: 12000,
		Scopes: []ir.Scope{{Host: "", RouteSet: "any"}, {Host: "**.example.com", RouteSet: "wild"}, {Host: "a.example.com", RouteSet: "exact"}},
		Streams: []ir.Stream{
			{ID: "all-of-org", Host: "**.example.org", Backends: to("ns/a:80").Backends},
			{ID: "nowhere", Host: "gone.example.org", Terminate: true},
		},
	}}
	tbl, _ := compile(t, c)
	return tbl.Listener("gateway")
}

func TestAScopeServesItsHostsAlone(t *testing.T) {
	l := divided(t)
	for name, tt := range map[string]struct{ host, path, want string }{
		"the exact host":                            {"a.example.com", "/exact", "exact"},
		"no route of the wildcard for it":           {"a.example.com", "/wild", ""},
		"no route of all hosts for it":              {"a.example.com", "/any", ""},
		"the wildcard":                              {"b.example.com", "/wild", "wild"},
		"no route of all hosts for the wildcard":    {"b.example.com", "/any", ""},
		"any other host":                            {"other.example", "/any", "any"},
		"no host":                                   {"", "/any", "any"},
		"no HTTP where a stream serves":             {"x.example.org", "/any", ""},
		"no route of another scope for other hosts": {"other.example", "/wild", ""},
	} {
		got := ""
		in := &match.Input{Host: []byte(tt.host), Path: []byte(tt.path)}
		if r := l.Find(in); r != nil {
			got = r.ID
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
		if e := l.Explain(in); (e.Route == nil) != (tt.want == "") {
			t.Errorf("%s: explained by %+v", name, e.Route)
		}
	}
}

func TestTheMostSpecificOfStreamsAndScopesServes(t *testing.T) {
	l := divided(t)
	for host, want := range map[string]string{"a.example.com": "", "x.example.org": "all-of-org", "gone.example.org": "nowhere", "other": "", "": ""} {
		got := ""
		if s := l.Stream([]byte(host)); s != nil {
			got = s.ID
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", host, got, want)
		}
	}
	if o := l.Stream([]byte("x.example.org")).Choose(netip.Addr{}); o.Pool == nil || o.Pool.Key() != "ns/a:80" {
		t.Errorf("chose %+v", o)
	}
	if o := l.Stream([]byte("gone.example.org")).Choose(netip.Addr{}); o.Failure == nil {
		t.Errorf("chose %+v", o)
	}
}

func TestScopesMustNotBeCrossed(t *testing.T) {
	l := divided(t)
	for name, tt := range map[string]struct {
		serverName, host string
		want             bool
	}{
		"the same host":                      {"a.example.com", "a.example.com", false},
		"two hosts of the wildcard":          {"b.example.com", "c.example.com", false},
		"two hosts of no scope of their own": {"other", "another", false},
		"from the wildcard to the exact":     {"b.example.com", "a.example.com", true},
		"from the exact to the wildcard":     {"a.example.com", "b.example.com", true},
		"from anywhere to the wildcard":      {"other", "b.example.com", true},
	} {
		if got := l.Crosses([]byte(tt.serverName), []byte(tt.host)); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
