package h3

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/sluice-dev/sluice/pkg/wire/internal/budget"
)

// Conn is one connection.
type Conn struct {
	qc   *quic.Conn
	opts *Options
	// note is what Note was given during the handshake.
	note any
	// control is our control stream.
	control *quic.SendStream
	// streams waits for all goroutines that serve streams.
	streams sync.WaitGroup

	// mu guards what follows.
	mu sync.Mutex
	// resets and glitches are what the client may still spend.
	resets, glitches budget.Budget
	// seen are the critical streams of the client that are open.
	seen map[uint64]bool
	// running counts the requests that are served; next is the first stream that was not accepted.
	running int
	next    quic.StreamID
	// idleAt is since when there are none.
	idleAt time.Time
	// wanted says that the connection is to drain before it serves, draining that the first
	// GOAWAY was sent, announced that the second was.
	wanted, draining, announced bool
	// idle ends a connection without requests; last ends one that has been drained.
	idle, last *time.Timer
	// ended is why we have ended the connection.
	ended *ConnError
}

func newConn(qc *quic.Conn, o *Options) *Conn {
	now := time.Now()
	return &Conn{
		qc: qc, opts: o, seen: make(map[uint64]bool),
		resets:   budget.New(o.MaxResets, o.ResetsPerSecond, now),
		glitches: budget.New(o.MaxGlitches, o.GlitchesPerSecond, now),
		idleAt:   now,
	}
}

// TLS returns what the handshake has agreed on.
func (c *Conn) TLS() tls.ConnectionState { return c.qc.ConnectionState().TLS }

// Noted returns what Note was given during the handshake, nil for nothing.
func (c *Conn) Noted() any { return c.note }

// Client returns the address of the client, which may change later (RFC 9000 section 9).
func (c *Conn) Client() netip.AddrPort {
	udp, ok := c.qc.RemoteAddr().(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := udp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// LocalAddr and RemoteAddr are the addresses of both ends.
func (c *Conn) LocalAddr() net.Addr { return c.qc.LocalAddr() }

// RemoteAddr is the client's.
func (c *Conn) RemoteAddr() net.Addr { return c.qc.RemoteAddr() }

// Serve calls handle with each request, in a goroutine of its own, and returns when the connection
// has ended and all of them have returned: a *ConnError where we ended it for what the client did, else nil.
func (c *Conn) Serve(handle func(*Stream)) error {
	c.mu.Lock()
	c.idle = time.AfterFunc(c.opts.IdleTimeout, c.Drain)
	c.mu.Unlock()
	wanted, err := c.openControl()
	switch {
	case err != nil:
		c.end(connStart)
	case wanted:
		c.Drain()
	}
	c.streams.Go(c.acceptControl)
	for {
		qs, err := c.qc.AcceptStream(context.Background())
		if err != nil {
			break // It tells nothing but that the connection has ended.
		}
		if c.begin(qs) {
			c.streams.Go(func() { c.serve(qs, handle) })
		}
	}
	c.mu.Lock()
	c.stopTimers()
	c.mu.Unlock()
	c.streams.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return c.ended
	}
	return nil
}

// begin counts a request; false means that it came too late to be served.
func (c *Conn) begin(qs *quic.Stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.announced {
		// RFC 9114 section 5.2: the client knows that nothing was done.
		qs.CancelRead(quic.StreamErrorCode(RequestRejected))
		qs.CancelWrite(quic.StreamErrorCode(RequestRejected))
		qs.ReleaseStreamCredit()
		return false
	}
	c.next = qs.StreamID() + 4
	c.running++
	c.idle.Stop()
	return true
}

// finish ends what begin began.
func (c *Conn) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running--; c.running > 0 {
		return
	}
	c.idleAt = time.Now()
	c.settle()
	if !c.draining {
		c.idle.Reset(c.opts.IdleTimeout)
	}
}

// Drain lets the connection end: the client is told to make no more requests, those that
// it has made are served, then the connection is closed. Any goroutine may call it, any number of times.
func (c *Conn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.control == nil {
		c.wanted = true // Serve begins.
		return
	}
	if c.draining {
		return
	}
	c.draining = true
	c.idle.Stop()
	c.sendGoAway(lastStreamID)
	// What is on its way is served (RFC 9114 section 5.2).
	c.last = time.AfterFunc(c.opts.DrainTimeout, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.announced = true
		c.sendGoAway(c.next)
		c.settle()
	})
}

// settle ends a connection that has drained: by itself the client should; if not, we do. c.mu is held.
func (c *Conn) settle() {
	if c.announced && c.running == 0 {
		c.last.Stop()
		c.last = time.AfterFunc(c.opts.CloseTimeout, c.Close)
	}
}

// IdleSince returns since when there are no requests; false means that there are some, or
// that the connection ends. Any goroutine may call it.
func (c *Conn) IdleSince() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idleAt, c.running == 0 && !c.draining && !c.wanted
}

// stopTimers leaves nothing behind. c.mu is held.
func (c *Conn) stopTimers() {
	c.draining = true // Nothing is to be armed any more.
	c.idle.Stop()
	if c.last != nil {
		c.last.Stop()
	}
}

// Close ends the connection and all of its streams at once. Any goroutine may call it.
func (c *Conn) Close() {
	_ = c.qc.CloseWithError(quic.ApplicationErrorCode(NoError), "")
}

// end ends the connection for what the client did.
func (c *Conn) end(e *ConnError) {
	c.mu.Lock()
	if c.ended == nil {
		c.ended = e
	}
	c.mu.Unlock()
	_ = c.qc.CloseWithError(quic.ApplicationErrorCode(e.Code), e.Fault)
}

// spend takes glitches from the client's budget; nil means that it had enough.
func (c *Conn) spend(n int) error {
	c.mu.Lock()
	enough := c.glitches.Take(n)
	c.mu.Unlock()
	if !enough {
		return connGlitches
	}
	return nil
}

// spendReset takes a reset from the client's budget.
func (c *Conn) spendReset() {
	c.mu.Lock()
	enough := c.resets.Take(1)
	c.mu.Unlock()
	if !enough {
		c.end(connResets)
	}
}

// forgive gives a reset back for a request that came to its end.
func (c *Conn) forgive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resets.Give(1)
}

// serve serves one request.
func (c *Conn) serve(qs *quic.Stream, handle func(*Stream)) {
	defer c.finish()
	s := newStream(c, qs)
	defer s.leave()
	var fatal *ConnError
	switch err := s.readHead(); {
	case errors.As(err, &fatal):
		c.end(fatal)
	case err == nil:
		handle(s)
	}
}
