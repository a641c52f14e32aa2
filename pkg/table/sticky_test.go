package table

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

func TestASessionGoesToTheBackendOfItsEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := upstream.NewRegistry(upstream.Options{})
		defer registry.Close()
		s := &sticky{spec: &ir.Sticky{Source: ir.StickyHeader, Name: "s", Lifetime: time.Hour}, upstreams: registry}
		var shares []share
		for _, key := range []string{"a", "b"} {
			p := registry.Acquire(ir.Upstream{Key: key, Endpoints: key})
			defer p.Release()
			registry.SetEndpoints(ir.EndpointSet{Key: key, Endpoints: []ir.Endpoint{{Hostname: "h"}}})
			shares = append(shares, share{pool: p})
		}
		r := &Route{choice: newChoice(shares, []uint64{1_000_000, 1}), sticky: s}
		e, err := shares[1].pool.Pick()
		if err != nil {
			t.Fatal(err)
		}
		name, token := r.Stick(e, upstream.Ask{}, false)
		if name != "s" {
			t.Fatalf("no session is given, but %q", name)
		}
		in := &match.Input{Header: lines{{"s", token}}}
		for range 10 {
			o := r.Choose(in)
			if o.Pool != shares[1].pool {
				t.Fatalf("the session went to %s", o.Pool.Key())
			}
			if name, _ := r.Stick(e, o.Ask, false); name != "" {
				t.Fatal("the session was given again")
			}
		}
		if got := s.explain(in, r.choice); got != "by=Header name=s lifetime=1h0m0s: the request stays at its endpoint of b" {
			t.Errorf("explained as %q", got)
		}
		<-time.After(time.Hour)
		if o := r.Choose(in); o.Ask.Session != (upstream.SessionID{}) {
			t.Error("the session outlives its lifetime")
		}
		if got := s.explain(in, r.choice); got != "by=Header name=s lifetime=1h0m0s: the request names no endpoint that serves, so the strategy chooses one" {
			t.Errorf("explained as %q", got)
		}
	})
}
