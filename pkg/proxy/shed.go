package proxy

import (
	"cmp"
	"net"
	"slices"
	"time"

	"github.com/sluice-dev/sluice/pkg/limit/pressure"
	"github.com/sluice-dev/sluice/pkg/metrics"
)

const (
	// shedPart is the part of the idle connections that is closed at once where memory is
	// short, and shedLeast the least number of them.
	shedPart, shedLeast = 4, 64
	// roomPart is the part of a listener's connections that is closed at once where it is full.
	roomPart = 16
	// roomAgain is how long after that it is done again.
	roomAgain = 100 * time.Millisecond
	// overloadedAgain is when clients may ask again whose request was refused, in seconds.
	overloadedAgain = "1"
)

// shedMark stands for the time since when a connection is idle while it is being closed.
const shedMark = -1

var faultOverloaded = &fault{status: 503, reason: "overloaded", side: ofSluice}

// Shed closes a part of the connections that wait for a request, those that have waited longest
// first. It is for the watch over memory, which calls it until there is enough.
func (p *Proxy) Shed() {
	p.shedIdle(nil, metrics.ShedIdle, func(idle int) int { return max(idle/shedPart, shedLeast) })
}

// resting is a connection that waits for a request.
type resting struct {
	*connection
	since int64
}

// shedIdle closes idle connections of a listener, nil for all: as many as most says of
// how many there are. It returns how many were closed.
func (p *Proxy) shedIdle(l *listener, why metrics.Shed, most func(idle int) int) (closed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var idle []resting
	for c := range p.connections {
		if l != nil && c.listener != l {
			continue
		}
		if since := c.idleSince(); since > 0 {
			idle = append(idle, resting{c, since})
		}
	}
	slices.SortFunc(idle, func(a, b resting) int { return cmp.Compare(a.since, b.since) })
	for _, r := range idle[:min(len(idle), most(len(idle)))] {
		if r.shed(r.since) {
			r.listener.metrics.Shed(why)
			closed++
		}
	}
	return closed
}

// idleSince returns since when the connection waits for a request, in nanoseconds since
// 1970, and 0 if it does not.
func (c *connection) idleSince() int64 {
	if streams := c.multiplexing(); streams != nil {
		if at, idle := streams.IdleSince(); idle {
			return at.UnixNano()
		}
		return 0
	}
	return c.idle.Load()
}

// shed closes an idle connection; false means that it is not idle any more. Where a request
// comes at the same moment it is served, as the last one. Proxy.mu is held.
func (c *connection) shed(since int64) bool {
	if streams := c.multiplexing(); streams != nil {
		streams.Drain()
		return true
	}
	if !c.idle.CompareAndSwap(since, shedMark) {
		return false
	}
	c.retired.Store(true)
	_ = c.raw.SetReadDeadline(past)
	return true
}

// awake ends the wait for a request.
func (c *connection) awake() {
	if c.idle.Swap(0) != shedMark {
		return
	}
	// Who sheds holds the lock until the deadline is set, which then is not ours.
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.readLimit.forget()
}

// admits says that a new connection may be served. One that may not is reset: who balances
// loads tries another replica, and nothing is kept of it here.
func (p *Proxy) admits(nc net.Conn, l *listener) bool {
	if p.opts.Pressure.Level() < pressure.ShedConnections {
		return true
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = nc.Close()
	l.metrics.Shed(metrics.ShedMemory)
	return false
}

// overloaded says that the request is to be refused for want of memory. Its connection goes
// with it.
func (x *exchange) overloaded() bool {
	if x.proxy.opts.Pressure.Level() < pressure.ShedRequests {
		return false
	}
	x.conn.retired.Store(true)
	return true
}
