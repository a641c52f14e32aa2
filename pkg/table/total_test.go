package table

import (
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// The generators draw broken values as often as sound ones.
var (
	genName   = rapid.SampledFrom([]string{"", "a", "b", "http", "all", "x y"})
	genHost   = rapid.SampledFrom([]string{"", "a.example", "*.example", "**.example", "*", "A", "a..b", "**."})
	genAction = rapid.Custom(func(t *rapid.T) ir.Action {
		switch rapid.IntRange(0, 4).Draw(t, "action") {
		case 0:
			return nil
		case 1:
			return (*ir.Forward)(nil)
		case 2:
			return &ir.Respond{Status: rapid.IntRange(-1, 700).Draw(t, "status")}
		}
		return &ir.Forward{Backends: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ir.WeightedUpstream {
			return ir.WeightedUpstream{
				Upstream:   genName.Draw(t, "upstream"),
				Weight:     rapid.IntRange(-1, 3).Draw(t, "weight"),
				FailStatus: rapid.IntRange(-1, 700).Draw(t, "fail status"),
			}
		}), 0, 3).Draw(t, "backends")}
	})
	genRoute = rapid.Custom(func(t *rapid.T) ir.Route {
		r := ir.Route{
			ID: genName.Draw(t, "ID"),
			Match: ir.Match{Path: ir.PathMatch{
				Kind:  ir.PathKind(rapid.IntRange(0, 3).Draw(t, "kind")),
				Value: rapid.SampledFrom([]string{"", "/", "/a", "a", "/(", "/%zz", "/a?b"}).Draw(t, "path"),
			}},
			Action: genAction.Draw(t, "action"),
		}
		if rapid.Bool().Draw(t, "header") {
			r.Match.Headers = []ir.ValueMatch{{
				Name: genName.Draw(t, "header"), Kind: ir.ValueKind(rapid.IntRange(0, 3).Draw(t, "kind")), Value: "[",
			}}
		}
		if rapid.Bool().Draw(t, "filter") {
			port := rapid.SampledFrom([]uint16{13, 14, 80, 1000}).Draw(t, "port")
			r.Filters = []ir.Filter{&ir.RedirectHTTPS{Port: port}}
		}
		if rapid.Bool().Draw(t, "limits") {
			r.Limits = ir.Limits{Key: genName.Draw(t, "key"), MaxActive: rapid.IntRange(-1, 1).Draw(t, "active"), Queue: ir.Queue{
				Length:             rapid.IntRange(-1, 1).Draw(t, "length"),
				PriorityExpression: rapid.SampledFrom([]string{"", `request.path`, `1`, `(`}).Draw(t, "expression"),
				PriorityClasses:    rapid.SampledFrom([]string{"", "gold", ",,"}).Draw(t, "classes"),
			}}
		}
		return r
	})
	genConfig = rapid.Custom(func(t *rapid.T) *ir.Config {
		return &ir.Config{
			Listeners: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ir.Listener {
				l := ir.Listener{
					Name: genName.Draw(t, "listener"), RouteSet: genName.Draw(t, "route set"),
					Protocol: ir.Protocol(rapid.IntRange(0, 2).Draw(t, "protocol")),
				}
				l.TLS.Default = genName.Draw(t, "default")
				l.TLS.Bindings = []ir.TLSBinding{{Host: genHost.Draw(t, "binding"), Certificates: []string{genName.Draw(t, "certificate")}}}
				return l
			}), 0, 3).Draw(t, "listeners"),
			RouteSets: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ir.RouteSet {
				return ir.RouteSet{Name: genName.Draw(t, "set"), Hosts: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ir.Host {
					return ir.Host{Pattern: genHost.Draw(t, "pattern"), Routes: rapid.SliceOfN(genRoute, 0, 4).Draw(t, "routes")}
				}), 0, 3).Draw(t, "hosts")}
			}), 0, 3).Draw(t, "sets"),
			Upstreams: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ir.Upstream {
				return ir.Upstream{Key: genName.Draw(t, "key"), Endpoints: genName.Draw(t, "endpoints")}
			}), 0, 3).Draw(t, "upstreams"),
			Certificates: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ir.Certificate {
				return ir.Certificate{Name: genName.Draw(t, "name"), ChainPEM: []byte("no PEM"), KeyPEM: ir.Secret("none")}
			}), 0, 2).Draw(t, "certificates"),
		}
	})
)

// TestCompileIsTotal puts a sound route beside whatever comes, and asks that
// it is served and that nothing else fails in another way than by an answer.
func TestCompileIsTotal(t *testing.T) {
	certificates, err := certs.NewRegistry(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	upstreams := upstream.NewRegistry(upstream.Options{})
	defer upstreams.Close()
	d := Deps{Upstreams: upstreams, Certs: certificates, Queues: queue.NewRegistry(), Filters: testFilters}
	rapid.Check(t, func(t *rapid.T) {
		c := genConfig.Draw(t, "config")
		c.Listeners = append(c.Listeners, ir.Listener{Name: "sound", RouteSet: "sound"})
		c.RouteSets = append(c.RouteSets, ir.RouteSet{Name: "sound", Hosts: []ir.Host{
			{Pattern: "shop.example", Routes: []ir.Route{route("sound", "/", to("sound"))}},
		}})
		c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "sound", Endpoints: "sound"})
		tbl, facts := Compile(c, d)
		if r := tbl.Listener("sound").Find(get("/x")); r == nil || r.ID != "sound" || answer(r) != -1 {
			t.Fatalf("the sound route is not served: %+v", r)
		}
		for _, l := range tbl.Listeners() {
			for _, path := range []string{"/", "/a", "/a/b"} {
				r := l.Find(get(path))
				if status := answer(r); status != 0 && status != -1 && (status < 200 || status > 599) {
					t.Fatalf("%s is answered %d", path, status)
				}
				if e := l.Explain(get(path)); (e.Route == nil) != (r == nil) || r != nil && e.Route.ID != r.ID {
					t.Fatalf("%s found %+v but is explained by %+v", path, r, e.Route)
				}
			}
		}
		if ir.Validate(c) != nil && facts.Len() == 0 {
			t.Fatal("a broken config is not reported")
		}
		tbl.Release()
		if held := references(d); len(held) != 0 {
			t.Fatalf("pools are held by no table: %v", held)
		}
	})
}

// TestTablesAreReplacedUnderLoad swaps tables while exchanges use them, for the
// race detector; each exchange gets one of the two answers that some table gives.
func TestTablesAreReplacedUnderLoad(t *testing.T) {
	d := testDeps(t)
	build := func(key string) *Table {
		tbl, _ := Compile(config([]ir.Route{route("a", "/a", to("shared", key)), route("b", "/b", to(key))}, key, "shared"), d)
		return tbl
	}
	var h Holder
	h.Swap(build("even"))
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				l := h.Load().Listener("http")
				a := l.Find(get("/a")).Choose(get("/a")).Pool
				b := l.Find(get("/b")).Choose(get("/b")).Pool
				if a.Key() != "shared" && a != b {
					t.Errorf("one table forwards to %s and %s", a.Key(), b.Key())
					return
				}
			}
		})
	}
	var old []*Table
	for i := range 200 {
		old = append(old, h.Swap(build([]string{"odd", "even"}[i%2])))
	}
	stop.Store(true)
	wg.Wait()
	for _, tbl := range append(old, h.Load()) {
		tbl.Release()
	}
	if held := references(d); len(held) != 0 {
		t.Errorf("pools are held by no table: %v", held)
	}
}
