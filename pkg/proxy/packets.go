package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/sluice-dev/sluice/pkg/limit/pressure"
	"github.com/sluice-dev/sluice/pkg/proxy/l4"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

const (
	// maxSessions bounds the UDP sessions of a listener, each of which has a socket.
	maxSessions = 16384
	// maxSessionsPerSource bounds those of one address, which may be that of a node that
	// many clients come through.
	maxSessionsPerSource = 4096
	// sessionIdle is the life of a silent session where the stream says none.
	sessionIdle = time.Minute
)

// ServePackets passes datagrams on as the table says of its listener of that name,
// until the socket is closed. It returns ErrClosed after Shutdown, and closes the socket.
func (p *Proxy) ServePackets(socket *net.UDPConn, name string) error {
	packets := &l4.Packets{
		Socket:       socket,
		Open:         func(client netip.AddrPort) (l4.Destination, error) { return p.openSession(name, client) },
		MaxSessions:  maxSessions,
		MaxPerSource: maxSessionsPerSource,
		DrainIdle:    p.timeouts.DrainIdle,
		Refused:      func(netip.AddrPort, error) { p.metrics.StreamBroken("too_many_sessions") },
	}
	if !p.adoptPackets(packets) {
		_ = socket.Close()
		return ErrClosed
	}
	err := packets.Serve()
	p.forgetPackets(packets)
	if p.closing.Load() && errors.Is(err, net.ErrClosed) {
		return ErrClosed
	}
	return fmt.Errorf("receive on %s: %w", name, err)
}

// adoptPackets takes over a socket; false means that the proxy has ended.
func (p *Proxy) adoptPackets(packets *l4.Packets) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.packets[packets] = struct{}{}
	return true
}

func (p *Proxy) forgetPackets(packets *l4.Packets) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.packets, packets)
	p.settle()
}

// openSession chooses where the datagrams of a client go.
func (p *Proxy) openSession(name string, client netip.AddrPort) (l4.Destination, error) {
	own := p.newPassage(client, "UDP")
	l := p.listenerNow(name)
	if l == nil {
		return own.refuse(faultNotReady)
	}
	if p.opts.Pressure.Level() >= pressure.ShedConnections {
		return own.refuse(faultOverloaded)
	}
	s := l.Stream(nil)
	if s == nil {
		return own.refuse(faultNoStream)
	}
	own.begin(s)
	to, f := own.choose(s)
	if f != nil {
		return own.refuse(f)
	}
	pool := to.Pool
	e, err := pool.PickFor(to.Ask)
	if err != nil {
		return own.refuse(faultNoEndpoint)
	}
	own.entry.Upstream = e.Address()
	conn, err := e.DialPacket(p.ctx, s.Timeouts.Connect)
	if err != nil {
		e.Done()
		return own.refuse(ofConnect(err))
	}
	idle := s.Timeouts.TunnelIdle
	if idle <= 0 {
		idle = sessionIdle
	}
	id := e.SessionID()
	return l4.Destination{
		Conn: conn,
		Idle: idle,
		// It keeps no table: the pools of one table are those of the next.
		Current: func() bool { return p.leadsTo(name, pool) && pool.Holds(id) },
		End: func(in, out int64) {
			e.Done()
			own.entry.BytesIn, own.entry.BytesOut = in, out
			own.end(nil)
		},
	}, nil
}

// leadsTo says whether the stream of a listener may still choose a pool.
func (p *Proxy) leadsTo(name string, pool *upstream.Pool) bool {
	l := p.listenerNow(name)
	if l == nil {
		return false
	}
	s := l.Stream(nil)
	return s != nil && s.Has(pool)
}

// refuse ends a session that leads nowhere.
func (p *passage) refuse(f *fault) (l4.Destination, error) {
	p.end(f)
	return l4.Destination{}, f
}

// ListenPackets opens a socket for ServePackets.
func ListenPackets(ctx context.Context, address string) (*net.UDPConn, error) {
	pc, err := new(net.ListenConfig).ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	return pc.(*net.UDPConn), nil
}
