package upstream

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// judged makes a pool of n endpoints, which ejects after two failures for ten seconds.
func judged(t *testing.T, n byte) (*Registry, *Pool, ir.Upstream) {
	t.Helper()
	r := NewRegistry(Options{})
	u := upstreamOf("u", "s")
	u.Health = ir.Health{Passive: ir.Passive{Failures: 2, EjectFor: 10 * time.Second, MaxPercent: 50, Statuses: []ir.StatusRange{{From: 500, To: 599}}}}
	p := r.Acquire(u)
	set := ir.EndpointSet{Key: "s"}
	for i := range n {
		set.Endpoints = append(set.Endpoints, endpoint(i+1, ir.EndpointReady))
	}
	r.SetEndpoints(set)
	return r, p, u
}

func TestAnEndpointThatFailsIsOutForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p, u := judged(t, 4)
		defer r.Close()
		all := p.list.Load().all
		all[0].Judge(0, "connect_failed")
		all[0].Judge(200, "")
		all[0].Judge(503, "")
		if p.Size() != 4 {
			t.Fatal("ejected after one failure in a row")
		}
		all[0].Judge(0, "connect_failed")
		if p.Size() != 3 || all[0].dump().Ejected != "until 2000-01-01T00:00:10Z after connect_failed" {
			t.Fatalf("%d serve; ejected %q", p.Size(), all[0].dump().Ejected)
		}
		for range 20 {
			if e := mustPick(t, p); e == all[0] {
				t.Fatal("the endpoint that is out was picked")
			}
		}
		// Another table and another list of endpoints change nothing of it.
		again := r.Acquire(u)
		p.Release()
		r.SetEndpoints(ready("s", 1, 2, 3, 4, 5))
		if again != p || p.Size() != 4 || !all[0].health.Out() {
			t.Fatal("the ejection was forgotten")
		}
		pass(10*time.Second + 1)
		if p.Size() != 5 {
			t.Fatal("the endpoint did not come back")
		}
		all[0].Judge(500, "")
		all[0].Judge(500, "")
		pass(10*time.Second + 1)
		if p.Size() != 4 {
			t.Fatal("the second ejection is as short as the first")
		}
		pass(10 * time.Second)
		if p.Size() != 5 || p.ejections.Load() != 2 {
			t.Fatalf("%d serve after %d ejections", p.Size(), p.ejections.Load())
		}
		p.Release()
	})
}

func TestNotTooManyAreEjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p, _ := judged(t, 4)
		defer r.Close()
		all := p.list.Load().all
		for _, e := range all {
			e.Judge(500, "")
			e.Judge(500, "")
		}
		if p.Size() != 2 {
			t.Errorf("%d of 4 serve, want half", p.Size())
		}
		// Of one endpoint all are out, so it serves.
		r.SetEndpoints(ready("s", 1))
		if p.Size() != 1 {
			t.Error("the only endpoint does not serve")
		}
		// An ejection of one that went away ends in nothing.
		r.SetEndpoints(ready("s"))
		pass(time.Hour)
		if p.Size() != 0 {
			t.Error("an endpoint came back that is not there")
		}
		p.Release()
	})
}

func TestToJudgeAllocatesNothing(t *testing.T) {
	r := newRegistry(t, Options{})
	u := upstreamOf("u", "s")
	u.Health.Passive = ir.Passive{Failures: 2, EjectFor: time.Second, MaxPercent: 50}
	p := r.Acquire(u)
	t.Cleanup(p.Release)
	r.SetEndpoints(ready("s", 1))
	e := mustPick(t, p)
	if n := testing.AllocsPerRun(100, func() { e.Judge(200, "") }); n != 0 {
		t.Errorf("allocates %v times", n)
	}
}
