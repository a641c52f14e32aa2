package table

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// passing is a listener that passes some hosts on, beside hosts that share a set of routes.
func passing() *ir.Config {
	c := config(nil, "ns/a:80")
	c.Upstreams[0].Balance = ir.Balance{Strategy: ir.Hash, Hash: ir.HashBy{Source: ir.HashAddress}}
	c.RouteSets = []ir.RouteSet{{Name: "all", Hosts: []ir.Host{
		{Pattern: "a.example", Routes: []ir.Route{route("a", "/", to("ns/a:80"))}},
		{Pattern: "*.wide.example", Routes: []ir.Route{route("wide", "/", to("ns/a:80"))}},
		{Pattern: "b.deep.example", Routes: []ir.Route{route("b", "/", to("ns/a:80"))}},
	}}}
	c.Listeners = []ir.Listener{{
		Name: "https", Protocol: ir.HTTPS,
		Scopes: []ir.Scope{{Host: "", RouteSet: "all"}, {Host: "*.wide.example", RouteSet: "all"}, {Host: "a.example", RouteSet: "all"}, {Host: "b.deep.example", RouteSet: "all"}},
		Streams: []ir.Stream{
			{ID: "deep", Host: "*.deep.example", Backends: to("ns/a:80").Backends, Limits: ir.Limits{Key: "k", MaxActive: 2}},
			{ID: "in", Host: "in.wide.example", Backends: to("ns/a:80").Backends},
		},
	}}
	return c
}

func TestHostsOfOneSetShareConnectionsAndStreamsNone(t *testing.T) {
	tbl, _ := compile(t, passing())
	l := tbl.Listener("https")
	for name, tt := range map[string]struct {
		serverName, host string
		want             bool
	}{
		"two hosts of the set":                   {"a.example", "b.deep.example", false},
		"one by a wildcard":                      {"x.wide.example", "a.example", false},
		"from no host of its own":                {"other.example", "a.example", false},
		"to one that is passed on":               {"a.example", "x.deep.example", true},
		"to one within a wildcard of the set":    {"x.wide.example", "in.wide.example", true},
		"to one by no name":                      {"", "x.deep.example", true},
		"two that are passed on by one pattern":  {"x.deep.example", "y.deep.example", false},
		"two that are passed on by two patterns": {"x.deep.example", "in.wide.example", true},
	} {
		if got := l.Crosses([]byte(tt.serverName), []byte(tt.host)); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for host, want := range map[string]string{"a.example": "a", "x.wide.example": "wide", "b.deep.example": "b", "x.deep.example": "", "in.wide.example": ""} {
		got := ""
		if r := l.Find(&match.Input{Host: []byte(host), Path: []byte("/")}); r != nil {
			got = r.ID
		}
		if got != want {
			t.Errorf("%s is served by %q, want %q", host, got, want)
		}
	}
}

func TestAStreamChoosesByTheAddressOfItsClient(t *testing.T) {
	tbl, _ := compile(t, passing())
	s := tbl.Listener("https").Stream([]byte("in.wide.example"))
	one := s.Choose(netip.MustParseAddr("192.0.2.1"))
	if !one.Ask.Hashed || one.Ask != s.Choose(netip.MustParseAddr("::ffff:192.0.2.1")).Ask {
		t.Errorf("got %+v", one.Ask)
	}
	if other := s.Choose(netip.MustParseAddr("192.0.2.2")); other.Ask.Hash == one.Ask.Hash {
		t.Error("two clients are as one")
	}
}

func TestAStreamIsExplained(t *testing.T) {
	tbl, _ := compile(t, passing())
	l := tbl.Listener("https")
	limiter := l.Stream([]byte("x.deep.example")).Limiter
	if limiter == nil || l.Stream([]byte("in.wide.example")).Limiter != nil {
		t.Fatal("the limits are those of another stream")
	}
	e := l.Explain(&match.Input{Host: []byte("x.deep.example"), Path: []byte("/any")})
	want := &ExplainedStream{ID: "deep", Host: "*.deep.example", MaxActive: 2}
	if diff := cmp.Diff(want, e.Stream); diff != "" || e.Route != nil || len(e.Hosts) != 0 {
		t.Errorf("-want +got:\n%s\n%+v", diff, e)
	}
	if len(e.Backends) != 1 || e.Backends[0].Upstream != "ns/a:80" || e.Backends[0].Total != 1 {
		t.Errorf("got %+v", e.Backends)
	}
	if e := l.Explain(&match.Input{Host: []byte("b.deep.example"), Path: []byte("/")}); e.Stream != nil || e.Route == nil {
		t.Errorf("got %+v", e)
	}
}
