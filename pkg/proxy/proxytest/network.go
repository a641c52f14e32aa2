package proxytest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// Network is where the proxy, its clients and its endpoints meet.
type Network interface {
	// Listen makes a listener on an address of its own choice.
	Listen() (net.Listener, error)
	// Dial connects to an address of the network.
	Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	// ListenPacket makes a socket of datagrams, whose address is a *net.UDPAddr.
	ListenPacket() (net.PacketConn, error)
}

// Loopback is the machine's own network on 127.0.0.1.
type Loopback struct{}

// Listen implements Network.
func (Loopback) Listen() (net.Listener, error) { return net.Listen("tcp4", "127.0.0.1:0") }

// Dial implements Network.
func (Loopback) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", to.String())
}

// Memory is a network in memory. The zero value is ready.
type Memory struct {
	mu        sync.Mutex
	next      uint16
	listeners map[netip.AddrPort]*memoryListener
	sockets   map[netip.AddrPort]*memoryPackets
	// Hang makes connections to these addresses neither succeed nor fail.
	hang map[netip.AddrPort]bool
}

// Hang makes connecting to an address take for ever.
func (m *Memory) Hang(at netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hang == nil {
		m.hang = make(map[netip.AddrPort]bool)
	}
	m.hang[at] = true
}

func (m *Memory) address() netip.AddrPort {
	m.next++
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(m.next >> 8), byte(m.next)}), 80)
}

// Listen implements Network.
func (m *Memory) Listen() (net.Listener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listeners == nil {
		m.listeners = make(map[netip.AddrPort]*memoryListener)
	}
	l := &memoryListener{network: m, at: m.address(), queue: make(chan net.Conn, 64), closed: make(chan struct{})}
	m.listeners[l.at] = l
	return l, nil
}

// Dial implements Network.
func (m *Memory) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	m.mu.Lock()
	l, hang, from := m.listeners[to], m.hang[to], m.address()
	m.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if l == nil {
		return nil, fmt.Errorf("dial %s: %w", to, syscall.ECONNREFUSED)
	}
	client, accepted := pipe(from, to)
	select {
	case l.queue <- accepted:
		select {
		case <-l.closed:
			// Close may have emptied the queue before.
			accepted.Close()
		default:
		}
		return client, nil
	case <-l.closed:
		return nil, fmt.Errorf("dial %s: %w", to, syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type memoryListener struct {
	network *Memory
	at      netip.AddrPort
	queue   chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	default:
	}
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		delete(l.network.listeners, l.at)
		l.network.mu.Unlock()
		for {
			select {
			case c := <-l.queue:
				c.Close()
			default:
				return
			}
		}
	})
	return nil
}

func (l *memoryListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }
