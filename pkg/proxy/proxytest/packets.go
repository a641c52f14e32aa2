package proxytest

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/proxy"
)

// HTTP3 has a listener serve HTTP/3 on a socket of its own, and returns its address.
func (k *Kit) HTTP3(listener string) netip.AddrPort {
	k.t.Helper()
	_, address := k.HTTP3Socket(listener)
	return address
}

// HTTP3Socket is HTTP3 for who wants the socket, too.
func (k *Kit) HTTP3Socket(listener string) (*proxy.HTTP3Socket, netip.AddrPort) {
	k.t.Helper()
	pc, err := k.Network.ListenPacket()
	if err != nil {
		k.t.Fatal(err)
	}
	socket := proxy.NewHTTP3Socket(pc)
	// It ends with the proxy.
	k.wait.Go(func() { _ = k.Proxy.ServeHTTP3(socket, listener) })
	return socket, pc.LocalAddr().(*net.UDPAddr).AddrPort()
}

// ListenPacket implements Network.
func (Loopback) ListenPacket() (net.PacketConn, error) {
	return new(net.ListenConfig).ListenPacket(context.Background(), "udp4", "127.0.0.1:0")
}

// ListenPacket implements Network.
func (m *Memory) ListenPacket() (net.PacketConn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sockets == nil {
		m.sockets = make(map[netip.AddrPort]*memoryPackets)
	}
	p := &memoryPackets{network: m, at: m.address()}
	p.cond = sync.NewCond(&p.mu)
	m.sockets[p.at] = p
	return p, nil
}

// maxQueued is how many datagrams wait for a reader; more are lost, as with a kernel.
const maxQueued = 1024

// memoryPackets is a socket of datagrams in memory. What is sent to nobody is lost.
type memoryPackets struct {
	network *Memory
	at      netip.AddrPort

	mu     sync.Mutex
	cond   *sync.Cond
	queue  []datagram
	closed bool
	read   limit
}

type datagram struct {
	from netip.AddrPort
	data []byte
}

func (p *memoryPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.closed:
			return 0, nil, net.ErrClosed
		case p.read.passed:
			return 0, nil, os.ErrDeadlineExceeded
		case len(p.queue) > 0:
			d := p.queue[0]
			p.queue = p.queue[1:]
			return copy(b, d.data), net.UDPAddrFromAddrPort(d.from), nil
		}
		p.cond.Wait()
	}
}

func (p *memoryPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	p.network.mu.Lock()
	peer := p.network.sockets[to.(*net.UDPAddr).AddrPort()]
	p.network.mu.Unlock()
	if peer == nil {
		return len(b), nil
	}
	peer.mu.Lock()
	defer peer.mu.Unlock()
	if len(peer.queue) < maxQueued && !peer.closed {
		peer.queue = append(peer.queue, datagram{p.at, append([]byte(nil), b...)})
		peer.cond.Broadcast()
	}
	return len(b), nil
}

func (p *memoryPackets) Close() error {
	p.network.mu.Lock()
	delete(p.network.sockets, p.at)
	p.network.mu.Unlock()
	_ = p.SetReadDeadline(time.Time{})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.cond.Broadcast()
	return nil
}

func (p *memoryPackets) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(p.at) }

func (p *memoryPackets) SetReadDeadline(at time.Time) error {
	p.read.set(&p.mu, p.cond, at)
	return nil
}

func (p *memoryPackets) SetWriteDeadline(time.Time) error { return nil }
func (p *memoryPackets) SetDeadline(at time.Time) error   { return p.SetReadDeadline(at) }
