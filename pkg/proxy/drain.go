package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// adopt takes over a socket; false means that the proxy has ended.
func (p *Proxy) adopt(ln io.Closer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.listeners[ln] = struct{}{}
	return true
}

// remember takes over a connection; false means that the proxy has ended.
func (p *Proxy) remember(c *connection) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.connections[c] = struct{}{}
	return true
}

// forget drops a connection that has ended.
func (p *Proxy) forget(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.connections, c)
	p.settle()
}

// settle tells Shutdown that nothing is left. p.mu is held.
func (p *Proxy) settle() {
	if p.closed && len(p.connections) == 0 && len(p.packets) == 0 {
		select {
		case <-p.quiet:
		default:
			close(p.quiet)
		}
	}
}

// Connections returns how many connections of clients are open.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.connections)
}

// PrepareDrain makes each response from now on the last one of its connection
// (Connection: close, GOAWAY), while new connections are still accepted. It is for the time
// in which a load balancer may still choose this process: clients that keep
// connections move away before Shutdown, and none of them loses a request.
func (p *Proxy) PrepareDrain() { p.draining.Store(true) }

// Shutdown stops accepting, lets exchanges and tunnels finish, and returns nil
// when all connections and UDP sessions have ended. When ctx ends first, what is left is cut off and the
// error says how much. Idle connections are served for Timeouts.DrainIdle more. Further
// calls wait as well.
func (p *Proxy) Shutdown(ctx context.Context) error {
	p.draining.Store(true)
	p.closing.Store(true)
	p.mu.Lock()
	p.closed = true
	closeErr := p.closeListeners()
	now := time.Now()
	for c := range p.connections {
		c.drain(now)
	}
	for s := range p.packets {
		s.Drain()
	}
	p.settle()
	p.mu.Unlock()

	defer p.cancel()
	select {
	case <-p.quiet:
		return closeErr
	case <-ctx.Done():
	}
	cut := p.cut()
	<-p.quiet
	return errors.Join(closeErr, fmt.Errorf("%d connections were cut off: %w", cut, ctx.Err()))
}

// closeListeners stops accepting. p.mu is held.
func (p *Proxy) closeListeners() error {
	var failed []error
	for ln := range p.listeners {
		if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			failed = append(failed, err)
		}
		delete(p.listeners, ln)
	}
	return errors.Join(failed...)
}

// cut closes what is still open, and returns how many connections that were.
func (p *Proxy) cut() int {
	p.cutOff.Store(true)
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.connections {
		c.cut()
	}
	cut := len(p.connections)
	for s := range p.packets {
		cut += s.Sessions()
		s.Close()
	}
	return cut
}
