package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

const (
	// maxDatagram is the longest datagram, in bytes.
	maxDatagram = 64 << 10
	// maxFlows bounds the clients of one socket that are remembered at once. What comes
	// from others meanwhile is dropped. A flow costs a goroutine and a file descriptor.
	maxFlows = 8192
	// refusedPause keeps a flow whose endpoint cannot be read from taking all the processor's time.
	refusedPause = 5 * time.Millisecond
)

// ListenPackets binds a UDP address for ServePackets.
func ListenPackets(ctx context.Context, address string) (*net.UDPConn, error) {
	var config net.ListenConfig
	pc, err := config.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	udp, ok := pc.(*net.UDPConn)
	if !ok {
		_ = pc.Close()
		return nil, fmt.Errorf("%s is no UDP address", address)
	}
	return udp, nil
}

// ServePackets passes datagrams on to the endpoints of the stream that the table has for its
// listener of that name, and the answers back. A client's address is bound to an endpoint
// as long as either of them sends anything within Timeouts.TunnelIdle. It returns ErrClosed
// after Shutdown, which waits for no flow, and any other error where reading cannot go on.
// It closes pc.
func (p *Proxy) ServePackets(pc *net.UDPConn, name string) error {
	defer pc.Close()
	if !p.adopt(pc) {
		return ErrClosed
	}
	f := &flows{proxy: p, socket: pc, byClient: make(map[netip.AddrPort]*flow)}
	defer f.close()
	buffer := make([]byte, maxDatagram)
	for {
		n, client, err := pc.ReadFromUDPAddrPort(buffer)
		switch {
		case err == nil:
			f.forward(name, client, buffer[:n])
		case p.closing.Load():
			return ErrClosed
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("read on %s: %w", name, err)
		case !p.sleep(refusedPause):
			return ErrClosed
		}
	}
}

// flows are the clients of one socket. forward and close are called by the goroutine that reads it.
type flows struct {
	proxy  *Proxy
	socket *net.UDPConn
	ended  sync.WaitGroup

	mu       sync.Mutex // guards byClient
	byClient map[netip.AddrPort]*flow
}

// flow is what one client sends and gets.
type flow struct {
	client netip.AddrPort
	// stream is the ID of what it goes through.
	stream   string
	endpoint *upstream.Endpoint
	conn     net.Conn
	// idle is how long nothing may move; 0: no bound.
	idle time.Duration
	// moved is when the client sent last, in nanoseconds since 1970.
	moved atomic.Int64
}

// forward passes one datagram on. Where it leads nowhere it is dropped, as networks do.
func (f *flows) forward(listener string, client netip.AddrPort, datagram []byte) {
	l := f.proxy.listenerNow(listener)
	if l == nil {
		return
	}
	s := l.Stream(nil)
	if s == nil {
		return
	}
	f.mu.Lock()
	known, full := f.byClient[client], len(f.byClient) >= maxFlows
	f.mu.Unlock()
	if known != nil && (known.stream != s.ID || known.endpoint.Gone()) {
		_ = known.conn.Close()
		known, full = nil, false
	}
	if known == nil {
		if full {
			return
		}
		if known = f.open(s, client); known == nil {
			return
		}
	}
	known.moved.Store(time.Now().UnixNano())
	// A lost datagram is nobody's error.
	_, _ = known.conn.Write(datagram)
}

// open binds a client to an endpoint; nil where there is none.
func (f *flows) open(s *table.Stream, client netip.AddrPort) *flow {
	made := f.dial(s)
	if made == nil {
		return nil
	}
	made.client = client
	f.mu.Lock()
	f.byClient[client] = made
	f.mu.Unlock()
	f.ended.Go(func() { f.answer(made) })
	return made
}

// dial connects to an endpoint, which sends nothing over UDP.
func (f *flows) dial(s *table.Stream) *flow {
	to := s.Choose()
	if to.Pool == nil {
		return nil
	}
	e, err := to.Pool.Pick()
	if err != nil {
		return nil
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(f.proxy.ctx, "udp", e.Address())
	if err != nil {
		e.Done()
		return nil
	}
	return &flow{stream: s.ID, endpoint: e, conn: conn, idle: s.Timeouts.TunnelIdle}
}

// answer passes on what the endpoint sends, until the flow has been silent for too long.
func (f *flows) answer(w *flow) {
	defer f.end(w)
	// Only as much of it takes memory as the longest answer needs.
	buffer := make([]byte, maxDatagram)
	for {
		if w.idle > 0 {
			_ = w.conn.SetReadDeadline(time.Now().Add(w.idle))
		}
		n, err := w.conn.Read(buffer)
		switch {
		case err == nil:
			_, _ = f.socket.WriteToUDPAddrPort(buffer[:n], w.client)
		case isTimeout(err) && time.Since(time.Unix(0, w.moved.Load())) < w.idle:
		case isTimeout(err) || errors.Is(err, net.ErrClosed):
			return
		default:
			// The endpoint refused one datagram; it may take the next. A broken flow ends by its silence.
			if time.Since(time.Unix(0, w.moved.Load())) > max(w.idle, time.Second) || !f.proxy.sleep(refusedPause) {
				return
			}
		}
	}
}

// end forgets a flow.
func (f *flows) end(w *flow) {
	f.mu.Lock()
	if f.byClient[w.client] == w {
		delete(f.byClient, w.client)
	}
	f.mu.Unlock()
	_ = w.conn.Close()
	w.endpoint.Done()
}

// close ends all flows.
func (f *flows) close() {
	f.mu.Lock()
	for _, w := range f.byClient {
		_ = w.conn.Close()
	}
	f.mu.Unlock()
	f.ended.Wait()
}
