package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// pipedPool makes a registry whose connections are in memory, with one pool of one endpoint.
func pipedPool(t *testing.T, o Options) (*Registry, *Pool, *pipes) {
	dials := new(pipes)
	o.Dial = dials.dial
	r := newRegistry(t, o)
	r.SetEndpoints(ready("s", 1))
	return r, r.Acquire(upstreamOf("u", "s")), dials
}

func TestConnectionsAreReusedLastInFirstOut(t *testing.T) {
	_, p, dials := pipedPool(t, Options{})
	e := mustPick(t, p)
	a, reused := mustConn(t, e)
	if reused {
		t.Error("the first connection is said to be reused")
	}
	b, _ := mustConn(t, e)
	a.Put()
	b.Put()
	first, reused := mustConn(t, e)
	second, _ := mustConn(t, e)
	if first != b || second != a || !reused {
		t.Error("idle connections do not come back last in, first out")
	}
	first.Close()
	first.Close()
	second.Put()
	if n := dials.open(); n != 1 {
		t.Errorf("%d connections open, want 1", n)
	}
	if d := e.dump(); d.Open != 1 || d.Idle != 1 {
		t.Errorf("counted %d open and %d idle, want 1 and 1", d.Open, d.Idle)
	}
}

func TestIdleConnectionsAreBounded(t *testing.T) {
	_, p, dials := pipedPool(t, Options{})
	e := mustPick(t, p)
	var conns []*Conn
	for range 10 {
		c, _ := mustConn(t, e)
		conns = append(conns, c)
	}
	for _, c := range conns {
		c.Put()
	}
	if n := dials.open(); n != 4 {
		t.Errorf("%d connections kept, want 4", n)
	}
}

func TestUseAfterGivingBackPanics(t *testing.T) {
	for name, end := range map[string]func(*Conn){"a second Put": (*Conn).Put, "Close after Put": (*Conn).Close} {
		t.Run(name, func(t *testing.T) {
			_, p, _ := pipedPool(t, Options{})
			c, _ := mustConn(t, mustPick(t, p))
			c.Put()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			end(c)
		})
	}
}

func TestEndpointThatGoesLosesItsConnections(t *testing.T) {
	tests := map[string]func(r *Registry, p *Pool){
		"by leaving the set":            func(r *Registry, _ *Pool) { r.SetEndpoints(ready("s", 2)) },
		"by the set being removed":      func(r *Registry, _ *Pool) { r.RemoveEndpoints("s") },
		"by the pool's last release":    func(_ *Registry, p *Pool) { p.Release() },
		"by the registry being closed":  func(r *Registry, _ *Pool) { r.Close() },
		"by the pool using another set": func(r *Registry, _ *Pool) { r.Acquire(upstreamOf("u", "other")) },
	}
	for name, leave := range tests {
		t.Run(name, func(t *testing.T) {
			r, p, dials := pipedPool(t, Options{})
			e := mustPick(t, p)
			resting, _ := mustConn(t, e)
			busy, _ := mustConn(t, e)
			resting.Put()
			leave(r, p)
			if n := dials.open(); n != 1 {
				t.Fatalf("%d connections open, want only the one in use", n)
			}
			busy.Put()
			if n := dials.open(); n != 0 {
				t.Fatalf("%d connections open after the last one was put back", n)
			}
			if d := e.dump(); d.Open != 0 || d.Idle != 0 {
				t.Errorf("counted %d open and %d idle", d.Open, d.Idle)
			}
		})
	}
}

func TestIdleConnectionsGrowOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := new(pipes)
		r := NewRegistry(Options{Dial: dials.dial, IdleTimeout: time.Minute})
		defer r.Close()
		r.SetEndpoints(ready("s", 1))
		p := r.Acquire(upstreamOf("u", "s"))
		e := mustPick(t, p)
		old, _ := mustConn(t, e)
		young, _ := mustConn(t, e)
		old.Put()
		pass(50 * time.Second)
		young.Put()
		if n := e.idleCount(); n != 2 {
			t.Fatalf("%d idle after 50 s, want 2", n)
		}
		pass(30 * time.Second)
		if n := e.idleCount(); n != 1 {
			t.Fatalf("%d idle after 80 s, want the younger one", n)
		}
		pass(time.Minute)
		if n := e.idleCount(); n != 0 || dials.open() != 0 {
			t.Fatalf("%d idle and %d open after 140 s, want none", n, dials.open())
		}
	})
}

func TestConnectionPastItsTimeIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := new(pipes)
		r := NewRegistry(Options{Dial: dials.dial, IdleTimeout: time.Minute, MaxAge: 90 * time.Second})
		defer r.Close()
		r.SetEndpoints(ready("s", 1))
		e := mustPick(t, r.Acquire(upstreamOf("u", "s")))
		c, _ := mustConn(t, e)
		pass(10 * time.Second)
		c.Put()
		// The sweep at 60 s finds it too young, the next one comes at 75 s.
		pass(61 * time.Second)
		if again, reused := mustConn(t, e); reused {
			t.Error("taken after the idle timeout")
		} else {
			again.Put()
		}
		aged, _ := mustConn(t, e)
		pass(91 * time.Second)
		aged.Put()
		if e.idleCount() != 0 {
			t.Error("kept beyond its age")
		}
	})
}

// answering listens on loopback and answers each request on a connection until
// told says to close, after which it closes without a word.
func answering(t testing.TB, closeAfter int) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go answer(c, closeAfter)
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-served
	})
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

func answer(c net.Conn, closeAfter int) {
	defer c.Close()
	head := make([]byte, 0, 1024)
	for range closeAfter {
		for !strings.HasSuffix(string(head), "\r\n\r\n") {
			n, err := c.Read(head[len(head):cap(head)])
			if err != nil {
				return
			}
			head = head[:len(head)+n]
		}
		head = head[:0]
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}

// tcpPool makes a pool with one endpoint on loopback.
func tcpPool(t testing.TB, closeAfter int) *Pool {
	r := newRegistry(t, Options{})
	r.SetEndpoints(ir.EndpointSet{Key: "s", Endpoints: []ir.Endpoint{{Address: answering(t, closeAfter)}}})
	return r.Acquire(upstreamOf("u", "s"))
}

// exchange sends one request and reads the answer.
func exchange(c *Conn) error {
	request := wire.Request{Method: []byte("GET"), Path: []byte("/"), Authority: []byte("x")}
	if err := c.WriteRequest(&request); err != nil {
		return err
	}
	if err := c.FinishBody(nil); err != nil {
		return err
	}
	if err := c.Flush(); err != nil {
		return err
	}
	var response wire.Response
	if err := c.ReadResponse(&response, request.Method); err != nil {
		return err
	}
	var buf [16]byte
	for {
		if _, err := c.Body().Read(buf[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestConnectionServesManyExchanges(t *testing.T) {
	p := tcpPool(t, 1000)
	for i := range 50 {
		e := mustPick(t, p)
		c, reused := mustConn(t, e)
		if reused != (i > 0) {
			t.Fatalf("exchange %d: reused is %v", i, reused)
		}
		if err := exchange(c); err != nil {
			t.Fatal(err)
		}
		c.Put()
		e.Done()
	}
}

func TestDeadlineDoesNotOutliveTheExchange(t *testing.T) {
	p := tcpPool(t, 1000)
	e := mustPick(t, p)
	c, _ := mustConn(t, e)
	if err := exchange(c); err != nil {
		t.Fatal(err)
	}
	if err := c.NetConn().SetDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	c.Put()
	c, reused := mustConn(t, e)
	if !reused {
		t.Fatal("the connection was not kept")
	}
	if err := exchange(c); err != nil {
		t.Error(err)
	}
	c.Put()
}

func TestConnectionClosedByTheEndpointIsNotReused(t *testing.T) {
	p := tcpPool(t, 1)
	e := mustPick(t, p)
	c, _ := mustConn(t, e)
	if err := exchange(c); err != nil {
		t.Fatal(err)
	}
	c.Put()
	for c.Alive() {
		runtime.Gosched()
	}
	c, reused := mustConn(t, e)
	if reused {
		t.Error("a dead connection was handed out")
	}
	c.Put()
}

func TestSweepClosesWhatTheEndpointClosed(t *testing.T) {
	p := tcpPool(t, 1)
	e := mustPick(t, p)
	fresh, _ := mustConn(t, e)
	c, _ := mustConn(t, e)
	if err := exchange(c); err != nil {
		t.Fatal(err)
	}
	fresh.Put()
	c.Put()
	for c.Alive() {
		runtime.Gosched()
	}
	e.sweep(time.Now())
	if n := e.idleCount(); n != 2 {
		t.Errorf("%d idle, want both: they have hardly rested", n)
	}
	e.sweep(time.Now().Add(20 * time.Second))
	if d := e.dump(); d.Idle != 1 || d.Open != 1 {
		t.Errorf("%d idle and %d open, want the one that is alive", d.Idle, d.Open)
	}
}

func TestUnfinishedExchangeIsNotReused(t *testing.T) {
	p := tcpPool(t, 1000)
	e := mustPick(t, p)
	c, _ := mustConn(t, e)
	if err := c.WriteRequest(&wire.Request{Method: []byte("GET"), Path: []byte("/"), Authority: []byte("x"), Length: 10}); err != nil {
		t.Fatal(err)
	}
	c.Put()
	if e.idleCount() != 0 {
		t.Error("a connection was kept in the middle of a request")
	}
}

func TestReuseDoesNotAllocate(t *testing.T) {
	p := tcpPool(t, 1000)
	e := mustPick(t, p)
	c, _ := mustConn(t, e)
	c.Put()
	ctx := context.Background()
	allocs := testing.AllocsPerRun(1000, func() {
		c, _, _ := e.Conn(ctx, time.Second)
		c.Put()
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkReuse(b *testing.B) {
	p := tcpPool(b, 1000)
	b.ReportAllocs()
	ctx := context.Background()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			e, err := p.Pick()
			if err != nil {
				b.Error(err)
				return
			}
			c, _, err := e.Conn(ctx, time.Second)
			if err != nil {
				b.Error(err)
				return
			}
			c.Put()
			e.Done()
		}
	})
}
