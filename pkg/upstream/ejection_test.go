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
	r := NewRegistry(Options{Dial: new(pipes).dial})
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

func TestAnEndpointComesBackOnceItIsFoundWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newStatusNet()
		r := NewRegistry(Options{Dial: net.dial})
		defer r.Close()
		r.SetEndpoints(ready("s", 1, 2))
		u := upstreamOf("u", "s")
		u.Health.Passive = ir.Passive{Failures: 1, EjectFor: 30 * time.Second, MaxPercent: 50}
		p := r.Acquire(u)
		defer p.Release()
		e := mustPick(t, p)
		net.set(e.Address(), 0)
		e.Judge(0, "connect_failed")
		pass(30*time.Second + 1)
		if p.Size() != 1 || net.count(e.Address()) != 1 {
			t.Fatalf("%d serve after %d probes", p.Size(), net.count(e.Address()))
		}
		if why := e.dump().Ejected; why != "until a probe finds it well after connect_failed; the last one: connection refused" {
			t.Errorf("ejected %q", why)
		}
		pass(10 * time.Second)
		if p.Size() != 1 || net.count(e.Address()) != 2 {
			t.Fatalf("%d serve after %d probes", p.Size(), net.count(e.Address()))
		}
		net.set(e.Address(), 200)
		pass(10 * time.Second)
		if p.Size() != 2 || e.dump().Ejected != "" {
			t.Fatalf("%d serve; ejected %q", p.Size(), e.dump().Ejected)
		}
		// The next time is as any second one.
		e.Judge(0, "connect_failed")
		if why := e.dump().Ejected; why != "until 2000-01-01T00:01:50Z after connect_failed" {
			t.Errorf("ejected %q", why)
		}
		// Nobody is asked who is gone, or after the end.
		before := net.count(e.Address())
		r.SetEndpoints(ready("s"))
		pass(time.Hour)
		if net.count(e.Address()) != before {
			t.Error("an endpoint that is gone was probed")
		}
	})
}

func TestRecoveryIsProbedAsThePoolProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newStatusNet()
		r := NewRegistry(Options{Dial: net.dial})
		defer r.Close()
		r.SetEndpoints(ready("s", 1, 2))
		u := probed("u")
		u.Health.Active.Interval = time.Hour
		u.Health.Passive = ir.Passive{Failures: 1, EjectFor: 5 * time.Second, MaxPercent: 50}
		p := r.Acquire(u)
		defer p.Release()
		pass(time.Second)
		e := mustPick(t, p)
		net.set(e.Address(), 503)
		e.Judge(0, "endpoint_closed")
		pass(time.Minute)
		if why := e.dump().Ejected; p.Size() != 1 || why != "until a probe finds it well after endpoint_closed; the last one: the status is 503" {
			t.Fatalf("%d serve; ejected %q", p.Size(), why)
		}
		net.set(e.Address(), 302)
		pass(5 * time.Second)
		if p.Size() != 2 {
			t.Errorf("%d serve, want 2", p.Size())
		}
	})
}

func TestEndpointsThatProbesTookOutCountAmongThoseThatAreOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRegistry(Options{Dial: new(pipes).dial})
		defer r.Close()
		r.SetEndpoints(ready("s", 1, 2, 3, 4))
		u := upstreamOf("u", "s")
		u.Health.Passive = ir.Passive{Failures: 1, EjectFor: time.Hour, MaxPercent: 50}
		p := r.Acquire(u)
		defer p.Release()
		all := p.list.Load().all
		why := "test"
		all[0].unhealthy.Store(&why)
		all[1].unhealthy.Store(&why)
		all[2].Judge(0, "connect_failed")
		if all[2].health.Out() {
			t.Error("more than half of the endpoints are out")
		}
	})
}
