package upstream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
	"github.com/sluice-dev/sluice/pkg/upstream/health"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
)

// Endpoint is one address of a pool, with its connections. It stays the same
// object as long as the address stays in the pool's endpoint set.
type Endpoint struct {
	pool    *Pool
	address string
	spec    atomic.Pointer[ir.Endpoint]
	// turn goes round the addresses of a name.
	turn balance.RoundRobin

	// member is what strategies know of it.
	member        balance.Member
	open          atomic.Int64
	connectErrors atomic.Uint64
	health        health.Member
	// ejectedFor is why it was ejected last.
	ejectedFor atomic.Pointer[string]
	// stillOut is why its ejection did not end when its time was over.
	stillOut atomic.Pointer[string]
	// unhealthy is why it is out by its probes, nil where it is not.
	unhealthy atomic.Pointer[string]
	// watch is who probes it; registry.mu guards it.
	watch     *watch
	lastError atomic.Pointer[Error]

	// shared are the connections where requests share them.
	shared shared

	// mu guards what follows and the phase of each of the endpoint's connections.
	mu sync.Mutex
	// idle is in the order in which the connections were put back, so that the first
	// have rested longest; the last one is taken first, so that a falling load lets the others grow old and go.
	idle []*Conn
	// retired says that the endpoint keeps no connections any more.
	retired bool
}

func newEndpoint(p *Pool, spec *ir.Endpoint) *Endpoint {
	e := &Endpoint{pool: p, address: addressOf(spec)}
	e.member.Named(e.address)
	return e
}

// Address returns the address as "10.0.0.1:8080" or "NAME:PORT", for logs.
func (e *Endpoint) Address() string { return e.address }

// Spec returns what the endpoint set says about the endpoint, or said last
// before it went away.
func (e *Endpoint) Spec() ir.Endpoint { return *e.spec.Load() }

// Pool returns whose endpoint it is.
func (e *Endpoint) Pool() *Pool { return e.pool }

// InFlight returns how many tries are under way.
func (e *Endpoint) InFlight() int64 { return e.member.InFlight.Load() }

// Done says that the try for which the endpoint was picked is over.
func (e *Endpoint) Done() { e.member.InFlight.Add(-1) }

// Conn returns an idle connection, the one used last first, or a new one;
// reused tells which. An idle connection that the endpoint has closed, or on
// which it has spoken unasked, is never returned. ctx ends the attempt and connect
// bounds it (0: no bound). An error is an *Error.
func (e *Endpoint) Conn(ctx context.Context, connect time.Duration) (c *Conn, reused bool, err error) {
	if c := e.take(); c != nil {
		return c, true, nil
	}
	c, err = e.Dial(ctx, connect)
	return c, false, err
}

// Dial returns a new connection, as a second try asks for after a reused one
// turned out to be dead. Bounds and errors are those of Conn.
func (e *Endpoint) Dial(ctx context.Context, connect time.Duration) (*Conn, error) {
	return e.dial(ctx, connect, nil)
}

func (e *Endpoint) dial(ctx context.Context, connect time.Duration, client *Client) (*Conn, error) {
	nc, err := e.connect(ctx, connect, client)
	if err != nil {
		e.connectFailed(err)
		return nil, err
	}
	e.open.Add(1)
	return &Conn{Conn: h1.NewConn(nc, e.pool.registry.opts.Limits), endpoint: e, born: time.Now()}, nil
}

// connectFailed counts what connect failed with.
func (e *Endpoint) connectFailed(err *Error) {
	e.connectErrors.Add(1)
	if m := e.pool.registry.opts.Metrics; m != nil {
		m.ConnectFailed(err.Phase.String(), err.Fault.String())
	}
}

// take returns an idle connection that is fit for use, nil where there is none.
func (e *Endpoint) take() *Conn {
	for {
		e.mu.Lock()
		n := len(e.idle)
		if n == 0 {
			e.mu.Unlock()
			return nil
		}
		c := e.idle[n-1]
		e.idle[n-1] = nil
		e.idle = e.idle[:n-1]
		c.phase = held
		e.mu.Unlock()
		if time.Since(c.since) < e.pool.registry.opts.IdleTimeout && c.Alive() {
			return c
		}
		c.Close()
	}
}

// keep puts a connection to the idle ones; false means that there is no place for it.
func (e *Endpoint) keep(c *Conn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	c.mustBeHeld()
	if e.retired || int64(len(e.idle)) >= e.pool.maxIdle.Load() {
		return false
	}
	c.phase = idle
	e.idle = append(e.idle, c)
	return true
}

// leave makes a held connection a closed one; false means that it was closed before.
func (e *Endpoint) leave(c *Conn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.phase == closed {
		return false
	}
	c.mustBeHeld()
	c.phase = closed
	return true
}

// retire closes the idle connections, and has those in use closed after it.
func (e *Endpoint) retire() {
	e.shared.retire()
	e.mu.Lock()
	old := e.idle
	e.idle, e.retired = nil, true
	for _, c := range old {
		c.phase = closed
	}
	e.mu.Unlock()
	for _, c := range old {
		c.shut()
	}
}

// sweep closes connections that have been idle for longer than the timeout, and
// those that the endpoint closed, which would otherwise hold a file descriptor
// until their turn comes. Connections that rest only between two sweeps are left alone.
func (e *Endpoint) sweep(now time.Time) {
	e.shared.sweep(now, e.pool.registry.opts.MaxAge)
	timeout := e.pool.registry.opts.IdleTimeout
	var old []*Conn
	e.mu.Lock()
	var kept []*Conn
	resting := 0
	for _, c := range e.idle {
		rest := now.Sub(c.since)
		if rest < timeout/sweepsPerTimeout {
			break
		}
		resting++
		if rest < timeout && c.Alive() {
			kept = append(kept, c)
			continue
		}
		c.phase = closed
		old = append(old, c)
	}
	if len(old) > 0 {
		e.idle = append(kept, e.idle[resting:]...)
	}
	e.mu.Unlock()
	for _, c := range old {
		c.shut()
	}
}

// idleCount returns how many connections are idle.
func (e *Endpoint) idleCount() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.idle)
}
