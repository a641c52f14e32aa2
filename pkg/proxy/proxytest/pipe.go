package proxytest

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipeSize is how many bytes one direction of a connection in memory holds
// before a write blocks.
const pipeSize = 64 << 10

// pipe makes a connection in memory.
func pipe(a, b netip.AddrPort) (net.Conn, net.Conn) {
	ab, ba := newFlow(), newFlow()
	return &memoryConn{in: ba, out: ab, local: a, remote: b}, &memoryConn{in: ab, out: ba, local: b, remote: a}
}

// flow is one direction. Its mutex guards all of it.
type flow struct {
	mu   sync.Mutex
	cond *sync.Cond
	data []byte
	// ended: the writer has closed its side. dropped: the reader has closed all.
	ended, dropped bool
	read, write    limit
}

// limit is a deadline.
type limit struct {
	passed bool
	timer  *time.Timer
}

func newFlow() *flow {
	f := &flow{}
	f.cond = sync.NewCond(&f.mu)
	return f
}

func (f *flow) set(l *limit, at time.Time) { l.set(&f.mu, f.cond, at) }

// set moves the deadline and wakes who waits; mu guards it.
func (l *limit) set(mu *sync.Mutex, cond *sync.Cond, at time.Time) {
	mu.Lock()
	defer mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	l.passed = false
	if !at.IsZero() {
		wait := time.Until(at)
		if l.passed = wait <= 0; !l.passed {
			var timer *time.Timer
			timer = time.AfterFunc(wait, func() {
				mu.Lock()
				defer mu.Unlock()
				if l.timer == timer {
					l.passed = true
					cond.Broadcast()
				}
			})
			l.timer = timer
		}
	}
	cond.Broadcast()
}

func (f *flow) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.dropped:
			return 0, net.ErrClosed
		case f.read.passed:
			return 0, os.ErrDeadlineExceeded
		case len(f.data) > 0:
			n := copy(p, f.data)
			f.data = f.data[n:]
			f.cond.Broadcast()
			return n, nil
		case f.ended:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		f.cond.Wait()
	}
}

func (f *flow) Write(p []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.ended:
			return n, net.ErrClosed
		case f.dropped:
			return n, syscall.EPIPE
		case f.write.passed:
			return n, os.ErrDeadlineExceeded
		case len(p) == 0:
			return n, nil
		}
		if room := pipeSize - len(f.data); room > 0 {
			m := min(room, len(p))
			f.data = append(f.data, p[:m]...)
			n, p = n+m, p[m:]
			f.cond.Broadcast()
			continue
		}
		f.cond.Wait()
	}
}

func (f *flow) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.cond.Broadcast()
}

func (f *flow) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped = true
	f.cond.Broadcast()
}

// memoryConn is one end of a connection in memory.
type memoryConn struct {
	in, out       *flow
	local, remote netip.AddrPort
}

func (c *memoryConn) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c *memoryConn) Write(p []byte) (int, error) { return c.out.Write(p) }

// CloseWrite ends the outgoing direction, as a TCP connection's does.
func (c *memoryConn) CloseWrite() error {
	c.out.end()
	return nil
}

func (c *memoryConn) Close() error {
	c.out.end()
	c.in.drop()
	var zero time.Time
	c.in.set(&c.in.read, zero)
	c.out.set(&c.out.write, zero)
	return nil
}

func (c *memoryConn) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(c.local) }
func (c *memoryConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

func (c *memoryConn) SetReadDeadline(t time.Time) error {
	c.in.set(&c.in.read, t)
	return nil
}

func (c *memoryConn) SetWriteDeadline(t time.Time) error {
	c.out.set(&c.out.write, t)
	return nil
}

func (c *memoryConn) SetDeadline(t time.Time) error {
	c.in.set(&c.in.read, t)
	c.out.set(&c.out.write, t)
	return nil
}
