package proxy

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// connection is one client's connection. Its goroutine alone uses it, apart
// from what is said to be for others.
type connection struct {
	proxy    *Proxy
	listener *listener
	// raw is what was accepted; nc is what is spoken on, which is raw or TLS on top of it.
	raw, nc net.Conn
	client  netip.AddrPort
	// local is where the client connected to, as a header of the PROXY protocol says; zero without.
	local  netip.AddrPort
	secure *secure
	// policy is what the handshake was held to, nil before it.
	policy *certs.Policy
	ctx    context.Context

	h1 *h1.Conn
	// readLimit belongs to who reads, writeLimit to who writes.
	readLimit, writeLimit deadline
	// ended is when the exchange before ended; it saves asking for the time.
	ended time.Time
	// closing says that the response under way is the last one.
	closing bool
	// asked says that there was a request.
	asked bool
	// household is what stands for the client in Proxy.clients; zero if it is not counted.
	household netip.Addr
	// aborted says that the response under way was cut off.
	aborted bool
	// passing says that the connection is passed on as a stream.
	passing atomic.Bool
	// http10 says that the request under way is one of HTTP/1.0; cutting off reads it from another goroutine.
	http10 atomic.Bool
	// expects says that the client still waits for a 100.
	expects bool

	// endpoint is the connection that the exchange under way uses; cutting off
	// reads it from another goroutine.
	endpoint atomic.Pointer[upstream.Conn]
	// endpointStream is the same where endpoints speak HTTP/2.
	endpointStream atomic.Pointer[h2.Stream]

	// streams is the codec of a connection that speaks HTTP/2 or HTTP/3; draining reads it from another goroutine.
	streams atomic.Pointer[multiplexed]

	// large counts the large buffers of its exchanges.
	large atomic.Int32

	// idle is since when the connection waits for a request, in nanoseconds since 1970, 0
	// if it does not; draining and shedding read it from another goroutine.
	idle atomic.Int64
	// retired says that the listener is no more; see Proxy.Retire.
	retired atomic.Bool
}

var _ downstream = (*connection)(nil)

// crlf2 ends a head.
var crlf2 = []byte("\r\n\r\n")

// serve is the life of the connection.
func (c *connection) serve() {
	defer c.end()
	defer func() {
		// Exchanges catch their own panics; what comes here costs a connection, not the process.
		if thrown := recover(); thrown != nil {
			c.proxy.log.Error("panic while serving a connection", "error", thrown, "stack", string(debug.Stack()))
		}
	}()
	l := c.proxy.listenerNow(c.listener.name)
	if l == nil || !c.announced() {
		return
	}
	if !c.counted() {
		c.listener.metrics.Shed(metrics.ShedClient)
		return
	}
	if c.pass(l) || l.TLS != nil && !c.handshake(c.listener.tls) {
		return
	}
	if c.secure != nil && c.secure.protocol == "h2" {
		c.serveHTTP2(nil)
		return
	}
	c.h1 = h1.NewConn(c.nc, c.proxy.opts.Limits)
	defer c.h1.Release()
	c.ended = time.Now()
	if c.secure == nil && c.serveClear() {
		return
	}
	for c.next() {
	}
}

// end gives back what accepting took.
func (c *connection) end() {
	if c.aborted && c.http10.Load() {
		// TLS would say that this is the end of the response, as it does whenever it is closed.
		_ = c.raw.Close()
	}
	// Closing cannot fail in a way that matters: nothing is left to be sent.
	_ = c.nc.Close()
	if c.nc != c.raw {
		_ = c.raw.Close()
	}
	if c.household.IsValid() {
		c.proxy.clients.leave(c.household)
	}
	c.listener.metrics.Closed()
	c.proxy.forget(c)
	c.listener.release()
}

// next serves one exchange and says whether there may be another.
func (c *connection) next() bool {
	if !c.await() {
		return false
	}
	p := c.proxy
	x, _ := p.exchanges.Get().(*exchange)
	x.start = time.Now()
	if buffered := c.h1.Buffered(); bytes.Index(buffered, crlf2) <= len("GET / ") {
		c.awaitRead(x.start, p.timeouts.Head, time.Time{})
	}
	c.closing, c.aborted, c.expects = false, false, false
	if err := c.h1.ReadRequest(&x.req); err != nil {
		x.open(c, c)
		if f := ofRequest(err); f != nil {
			x.refuse(f)
			c.linger()
		}
		x.close()
		return false
	}
	if conn := c.upgraded(&x.req); conn != nil {
		x.req.Reset()
		p.exchanges.Put(x)
		c.switchTo(conn)
		return false
	}
	c.expects = x.req.ExpectContinue
	if http10 := x.req.Version == wire.HTTP10; c.http10.Load() != http10 { // Storing costs more than looking.
		c.http10.Store(http10)
	}
	x.open(c, c)
	ok := x.serve()
	c.ended = x.ended
	if x.body.streams {
		c.readLimit.forget() // It was cut from elsewhere.
	}
	x.close()
	if !ok || c.aborted {
		return false
	}
	if !c.h1.BodyDone() && !c.discard() || !c.h1.Reusable() {
		c.linger()
		return false
	}
	return !c.closing
}

// await waits for the first byte of a request; false means that none will come.
func (c *connection) await() bool {
	if len(c.h1.Buffered()) > 0 {
		return true
	}
	p := c.proxy
	bound := p.timeouts.KeepAlive
	if !c.asked {
		bound = p.timeouts.First
	}
	c.awaitRead(c.ended, bound, time.Time{})
	c.idle.Store(c.ended.UnixNano())
	// Shutdown sets closing, and Retire retired, before it looks at idle, so that one of the two sees the other.
	if p.closing.Load() || c.retired.Load() {
		c.drainIdle(time.Now())
	}
	err := c.h1.WaitReadable()
	c.awake()
	if !c.asked && isTimeout(err) && !c.retired.Load() && !p.closing.Load() {
		c.listener.metrics.Shed(metrics.ShedSilent)
	}
	c.asked = true
	return err == nil
}

// drainIdle bounds the wait for another request. Draining calls it from another goroutine.
func (c *connection) drainIdle(now time.Time) {
	// Where the connection is broken the reader finds out by itself.
	_ = c.raw.SetReadDeadline(now.Add(c.proxy.timeouts.DrainIdle))
}

// maxDiscard is how much of a request's body is read for nothing, so that its
// connection can be used again.
const maxDiscard = 64 << 10

// discard reads what is left of a body that nobody wanted; false means that it is too much.
func (c *connection) discard() bool {
	if c.closing || c.expects {
		return false
	}
	c.cutRead(time.Now().Add(c.proxy.timeouts.Linger))
	c.readLimit.forget()
	return c.h1.DrainBody(maxDiscard)
}

// linger waits for the client to take what was sent: closing a connection on
// which unread bytes are waiting resets it, and the client might lose the
// response (RFC 9112 section 9.6).
func (c *connection) linger() {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.cutRead(time.Now().Add(c.proxy.timeouts.Linger))
	// Whatever ends this, the connection is closed next.
	_, _ = io.CopyN(io.Discard, c.nc, 4*maxDiscard)
}

func (c *connection) body() wire.Body   { return c.h1.Body() }
func (c *connection) bodyBuffered() int { return c.h1.BodyBuffered() }
func (c *connection) bodyDone() bool    { return c.h1.BodyDone() }
func (c *connection) codec() *h1.Conn   { return c.h1 }

var response100 = wire.Response{Status: 100, NoBody: true}

func (c *connection) sendContinue() error {
	if !c.expects {
		return nil
	}
	c.expects = false
	if err := c.h1.WriteResponse(&response100); err != nil {
		return err
	}
	return c.h1.Flush()
}

func (c *connection) writeInterim(r *wire.Response) error {
	if err := c.h1.WriteResponse(r); err != nil {
		return err
	}
	return c.h1.Flush()
}

func (c *connection) writeHead(r *wire.Response) error {
	// A client that was never told to send its body may or may not send it.
	// While a pump reads the body, expects is false.
	c.closing = c.closing || r.Close || c.expects && !c.h1.BodyDone() || c.proxy.draining.Load() || c.retired.Load()
	r.Close = c.closing
	return c.h1.WriteResponse(r)
}

func (c *connection) writeBody(p []byte) error { return c.h1.WriteBody(p) }
func (c *connection) room() int                { return copySize } // What the socket takes is not known.
func (c *connection) flush() error             { return c.h1.Flush() }

func (c *connection) finish(trailer *wire.Header) error {
	if err := c.h1.FinishBody(trailer); err != nil {
		return err
	}
	return c.h1.Flush()
}

func (c *connection) abort() {
	c.aborted = true
	// To HTTP/1.0 a body may end with the connection. One that was cut off must
	// not look complete, so the connection is reset.
	if c.http10.Load() {
		c.resets()
	}
}

// resets makes closing the connection a reset.
func (c *connection) resets() {
	if tcp, ok := c.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

func (c *connection) awaitRead(now time.Time, d time.Duration, end time.Time) {
	if at, tell := c.readLimit.after(now, d, end); tell {
		// Where this fails, so does the read.
		_ = c.nc.SetReadDeadline(at)
	}
}

func (c *connection) awaitWrite(now time.Time, d time.Duration, end time.Time) {
	if at, tell := c.writeLimit.after(now, d, end); tell {
		_ = c.nc.SetWriteDeadline(at)
	}
}

func (c *connection) cutRead(at time.Time) { _ = c.nc.SetReadDeadline(at) }

func (c *connection) using(u upside) {
	switch u := u.(type) {
	case nil:
		c.endpoint.Store(nil)
		c.endpointStream.Store(nil)
	case *upstream.Conn:
		c.endpoint.Store(u)
	case upstream.Stream:
		c.endpointStream.Store(u.Stream)
	}
	// Cutting off sets the flag before it looks for connections.
	if u != nil && c.proxy.cutOff.Load() {
		u.Cut()
	}
}

func (c *connection) gone() bool { return c.proxy.cutOff.Load() }

// cut ends the connection and what it waits for. Draining calls it from another
// goroutine, when every other connection is cut off as well: if the endpoint's
// connection has just passed to another exchange, that one is over too.
func (c *connection) cut() {
	u := c.endpoint.Load()
	switch {
	case u != nil && c.passing.Load():
		c.reset(u)
	case c.http10.Load() && c.idle.Load() == 0:
		c.resets()
	}
	_ = c.raw.Close()
	if u != nil {
		u.Cut()
	}
	if s := c.endpointStream.Load(); s != nil {
		upstream.Stream{Stream: s}.Cut()
	}
}

func (c *connection) tunnel() tunnelEnd { return c.nc }
