package l4

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxDatagram is the longest datagram of UDP, in bytes.
	maxDatagram = 64 << 10
	// maxWaiting bounds the datagrams of one session that wait for its endpoint.
	maxWaiting = 16
)

// ErrTooManySessions says why a datagram was dropped: its client would have begun a
// session beyond a bound.
var ErrTooManySessions = errors.New("l4: too many sessions")

// Destination is where the datagrams of one session go.
type Destination struct {
	// Conn is connected to the endpoint, so that it gives the endpoint's datagrams alone.
	Conn *net.UDPConn
	// Idle is how long a session without a datagram in either direction lasts; it is
	// positive.
	Idle time.Duration
	// Current says whether the endpoint may still be used; if not, the client's next
	// datagram begins another session. It is called for each datagram and must not block.
	Current func() bool
	// End is called once, when the session is over, with the bytes from and to the client.
	End func(in, out int64)
}

// Packets passes the datagrams of one UDP socket on, by session: a client's address
// and port. Its methods may be called by any goroutine.
type Packets struct {
	// Socket is what clients send to.
	Socket *net.UDPConn
	// Open begins a session; the session's own goroutine calls it, so it may wait. An
	// error ends the session, and whoever returns it has told of it.
	Open func(client netip.AddrPort) (Destination, error)
	// MaxSessions bounds the sessions, MaxPerSource those of one address. Both are positive.
	MaxSessions, MaxPerSource int
	// DrainIdle is how long a session may be silent once Drain was called.
	DrainIdle time.Duration
	// Refused is told of each datagram that was dropped because of a bound.
	Refused func(client netip.AddrPort, err error)

	draining atomic.Bool
	wait     sync.WaitGroup
	// mu guards what follows; it may be held while a session's is taken.
	mu       sync.Mutex
	sessions map[netip.AddrPort]*session
	sources  map[netip.Addr]int
	closed   bool
}

// Serve passes datagrams on until the socket is closed, and returns, when all
// sessions have ended, why reading failed.
func (p *Packets) Serve() error {
	defer p.wait.Wait()
	defer p.Close()
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := p.Socket.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		if s := p.session(from); s != nil {
			s.send(buf[:n])
		}
	}
}

// Drain begins no session any more; those that are there end when they are silent, and with
// the last one the socket is closed.
func (p *Packets) Drain() {
	p.draining.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sessions {
		s.bound()
	}
	p.settle()
}

// Close closes the socket and ends all sessions.
func (p *Packets) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	_ = p.Socket.Close()
	for _, s := range p.sessions {
		s.stop()
	}
}

// Sessions returns how many sessions there are.
func (p *Packets) Sessions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sessions)
}

// settle closes the socket where it is not needed any more. mu is held.
func (p *Packets) settle() {
	if p.draining.Load() && len(p.sessions) == 0 {
		_ = p.Socket.Close()
	}
}

// session returns the session of a client, which begins if there is none; nil where
// there can be none.
func (p *Packets) session(from netip.AddrPort) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.sessions[from]; s != nil {
		if s.current() {
			return s
		}
		s.stop()
		p.forget(s)
	}
	if p.closed || p.draining.Load() {
		return nil
	}
	source := from.Addr().Unmap()
	if len(p.sessions) >= p.MaxSessions || p.sources[source] >= p.MaxPerSource {
		p.Refused(netip.AddrPortFrom(source, from.Port()), ErrTooManySessions)
		return nil
	}
	if p.sessions == nil {
		p.sessions, p.sources = make(map[netip.AddrPort]*session), make(map[netip.Addr]int)
	}
	s := &session{of: p, client: from}
	p.sessions[from] = s
	p.sources[source]++
	// The goroutine ends with the session.
	p.wait.Go(s.run)
	return s
}

// forget drops a session; a second time does nothing. mu is held.
func (p *Packets) forget(s *session) {
	if p.sessions[s.client] != s {
		return
	}
	delete(p.sessions, s.client)
	source := s.client.Addr().Unmap()
	if p.sources[source]--; p.sources[source] == 0 {
		delete(p.sources, source)
	}
	p.settle()
}

// session is the datagrams between one client and one endpoint.
type session struct {
	of     *Packets
	client netip.AddrPort
	// in and out count bytes from and to the client.
	in, out atomic.Int64
	// moved is when the last datagram came, in nanoseconds since 1970.
	moved atomic.Int64

	// mu guards what follows.
	mu sync.Mutex
	// to has no Conn until the endpoint is there.
	to      Destination
	waiting [][]byte
	stopped bool
}

// run is the session's goroutine: it passes the endpoint's datagrams to the client.
func (s *session) run() {
	p := s.of
	to, err := p.Open(netip.AddrPortFrom(s.client.Addr().Unmap(), s.client.Port()))
	if err == nil {
		s.begin(to)
		s.replies(to.Conn)
		s.stop()
		to.End(s.in.Load(), s.out.Load())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(s)
}

// begin sends what waited for the endpoint.
func (s *session) begin(to Destination) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = to
	if s.stopped {
		_ = to.Conn.Close()
		return
	}
	s.moved.Store(time.Now().UnixNano())
	for _, data := range s.waiting {
		s.write(data)
	}
	s.waiting = nil
}

// send passes a datagram to the endpoint.
func (s *session) send(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
	case s.to.Conn != nil:
		s.write(data)
	case len(s.waiting) < maxWaiting:
		s.waiting = append(s.waiting, append([]byte(nil), data...))
	}
}

// write sends a datagram. What the endpoint's refusal of an earlier one makes fail is lost,
// as datagrams may be, and the session ends: the next one may go elsewhere. mu is held.
func (s *session) write(data []byte) {
	s.moved.Store(time.Now().UnixNano())
	if _, err := s.to.Conn.Write(data); err != nil {
		_ = s.to.Conn.Close()
		return
	}
	s.in.Add(int64(len(data)))
}

// replies passes the endpoint's datagrams to the client until the session is over.
func (s *session) replies(conn *net.UDPConn) {
	for {
		if s.bound() <= 0 {
			return
		}
		data, err := receive(conn)
		switch {
		case err == nil:
			s.moved.Store(time.Now().UnixNano())
			if n, err := s.of.Socket.WriteToUDPAddrPort(data.bytes(), s.client); err == nil {
				s.out.Add(int64(n))
			}
			data.release()
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return
		}
	}
}

// bound limits the wait for a datagram to what is left of the session's time, and
// returns that.
func (s *session) bound() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.to.Conn == nil {
		return 0
	}
	idle := s.to.Idle
	if s.of.draining.Load() {
		idle = min(idle, s.of.DrainIdle)
	}
	end := time.Unix(0, s.moved.Load()).Add(idle)
	// Where it cannot be set the connection is closed, which ends the wait too.
	_ = s.to.Conn.SetReadDeadline(end)
	return time.Until(end)
}

// current says whether the session may go on.
func (s *session) current() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.stopped && (s.to.Conn == nil || s.to.Current())
}

// stop ends the session.
func (s *session) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.to.Conn != nil {
		_ = s.to.Conn.Close()
	}
}
