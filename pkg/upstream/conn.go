package upstream

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/wire/h1"
)

// Conn is a connection to an endpoint. Who took it ends its use with Put or
// Close, once, and does not touch it after that.
type Conn struct {
	*h1.Conn
	endpoint *Endpoint
	born     time.Time
	// private says that it is one client's.
	private bool
	// since is when the connection was put back last.
	since time.Time
	// phase is guarded by endpoint.mu.
	phase phase
}

// phase says who may use a connection.
type phase uint8

const (
	// held: the goroutine that took it.
	held phase = iota
	// idle: the endpoint.
	idle
	// closed: nobody.
	closed
)

// Endpoint returns whose connection it is.
func (c *Conn) Endpoint() *Endpoint { return c.endpoint }

// SetDeadline bounds reads and writes, pending ones too; zero means no bound. Where it
// fails, so does what follows.
func (c *Conn) SetDeadline(at time.Time) { _ = c.NetConn().SetDeadline(at) }

// SetReadDeadline bounds reads.
func (c *Conn) SetReadDeadline(at time.Time) { _ = c.NetConn().SetReadDeadline(at) }

// SetWriteDeadline bounds writes.
func (c *Conn) SetWriteDeadline(at time.Time) { _ = c.NetConn().SetWriteDeadline(at) }

// Cut ends whatever waits for the connection. Any goroutine may call it.
func (c *Conn) Cut() { _ = c.NetConn().Close() }

// Put keeps the connection for another exchange where that is possible, and
// closes it otherwise. The deadlines of the net.Conn are taken away. Two
// exchanges must never share a connection, so a second Put panics.
func (c *Conn) Put() {
	now := time.Now()
	if c.private || !c.Reusable() || now.Sub(c.born) >= c.endpoint.pool.registry.opts.MaxAge {
		c.Close()
		return
	}
	// A deadline that passes while the connection is idle would make it look dead.
	if c.NetConn().SetDeadline(time.Time{}) != nil {
		c.Close()
		return
	}
	c.Release()
	c.since = now
	if !c.endpoint.keep(c) {
		c.Close()
	}
}

// Close closes the connection. A second Close does nothing; Close after Put panics.
//
// No other goroutine may be reading or writing, since the buffers go to other
// connections. To wake one up, close the NetConn first.
func (c *Conn) Close() {
	if c.endpoint.leave(c) {
		c.shut()
	}
}

// mustBeHeld panics where the connection is not its user's; endpoint.mu is held.
func (c *Conn) mustBeHeld() {
	if c.phase != held {
		panic("upstream: connection to " + c.endpoint.address + " used after it was given back")
	}
}

// shut closes what is underneath. The phase is closed already.
func (c *Conn) shut() {
	c.Release()
	// The error of closing tells nothing: whatever mattered was read or written before.
	_ = c.NetConn().Close()
	c.endpoint.open.Add(-1)
}
