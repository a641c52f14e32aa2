package proxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/metrics"
)

// ErrClosed is what Serve returns once Shutdown was called.
var ErrClosed = errors.New("proxy: shut down")

// listener is what the connections of one socket share.
type listener struct {
	name    string
	metrics *metrics.Listener
	// tls serves the handshakes, if the table wants them; opaque those of streams.
	tls, opaque *tls.Config
	// offers says that HTTP/3 is served, too; http3 that it is served here.
	offers *atomic.Bool
	http3  bool
	// slots bounds the open connections; nil means no bound.
	slots chan struct{}
}

// Serve accepts connections from ln and serves them what the table says of its
// listener of that name, over TLS where that listener has it; while the table
// has no such listener, connections are closed. It returns ErrClosed after Shutdown,
// and any other error only if accepting cannot go on. It closes ln.
func (p *Proxy) Serve(ln net.Listener, name string) error {
	return p.accept(ln, &listener{name: name, metrics: p.metrics.Listener(name), tls: p.tlsConfig(name), opaque: p.opaqueConfig(name), offers: p.offered(name)})
}

func (p *Proxy) accept(ln net.Listener, l *listener) error {
	defer ln.Close()
	if !p.adopt(ln) {
		return ErrClosed
	}
	if p.opts.MaxConnections > 0 {
		l.slots = make(chan struct{}, p.opts.MaxConnections)
	}
	pause := time.Duration(0)
	for {
		if !l.acquire(p) {
			return ErrClosed
		}
		nc, err := ln.Accept()
		if err == nil {
			pause = 0
			if p.admits(nc, l) {
				p.start(nc, l)
			} else {
				l.release()
			}
			continue
		}
		l.release()
		if p.closing.Load() {
			return ErrClosed
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accept on %s: %w", l.name, err)
		}
		// It is most often the lack of a file descriptor, which may be over soon, or
		// once connections are closed that need none.
		p.Shed()
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		p.log.Warn("cannot accept a connection", "listener", l.name, "error", err, "pause", pause)
		if !p.sleep(pause) {
			return ErrClosed
		}
	}
}

// sleep returns false if the proxy ended meanwhile.
func (p *Proxy) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// acquire waits for a place for one more connection; false means that the proxy ended.
// Where there is none, those that wait for a request make room.
func (l *listener) acquire(p *Proxy) bool {
	if l.slots == nil {
		return true
	}
	select {
	case l.slots <- struct{}{}:
		return true
	default:
	}
	l.metrics.Full()
	for {
		p.shedIdle(l, metrics.ShedRoom, func(int) int { return max(cap(l.slots)/roomPart, 1) })
		timer := time.NewTimer(roomAgain)
		select {
		case l.slots <- struct{}{}:
			timer.Stop()
			return true
		case <-timer.C:
		case <-p.ctx.Done():
			timer.Stop()
			return false
		}
	}
}

func (l *listener) release() {
	if l.slots != nil {
		<-l.slots
	}
}

// start serves a connection in a goroutine of its own, which ends with the connection.
func (p *Proxy) start(nc net.Conn, l *listener) {
	c := &connection{proxy: p, listener: l, raw: nc, nc: nc, client: addressOf(nc.RemoteAddr()), ctx: p.ctx}
	l.metrics.Opened()
	if !p.remember(c) {
		_ = nc.Close()
		l.metrics.Closed()
		l.release()
		return
	}
	go c.serve()
}

// addressOf returns an address of TCP; the zero one for any other.
func addressOf(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
