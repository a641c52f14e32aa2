package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/limit/pressure"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/wire/h3"
)

// http3Options are what connections of HTTP/3 are bound by: the limits and times of
// HTTP/1.1, and the codec's own where HTTP/1.1 has none.
func (p *Proxy) http3Options() *h3.Options {
	limits := p.opts.Limits
	o := p.opts.HTTP3
	o.MaxHeaderBytes, o.MaxFields, o.MaxTargetBytes = limits.MaxHeadBytes, limits.MaxFields, limits.MaxTargetBytes
	o.KeepUnderscores = limits.KeepUnderscores
	o.HandshakeTimeout, o.HeadTimeout, o.IdleTimeout = p.timeouts.Handshake, p.timeouts.Head, p.timeouts.KeepAlive
	o.CloseTimeout = p.timeouts.DrainIdle
	o.Refuse = func() bool { return p.opts.Pressure.Level() >= pressure.ShedConnections }
	return o.Complete()
}

// HTTP3Socket is a socket that ServeHTTP3 is to serve. What comes before that waits.
type HTTP3Socket struct {
	conn net.PacketConn
	// mu guards what follows.
	mu       sync.Mutex
	listener *h3.Listener
	closed   bool
}

// ListenHTTP3 opens a UDP socket for ServeHTTP3.
func ListenHTTP3(ctx context.Context, address string) (*HTTP3Socket, error) {
	pc, err := new(net.ListenConfig).ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	return NewHTTP3Socket(pc), nil
}

// NewHTTP3Socket is ListenHTTP3 for a socket that is there.
func NewHTTP3Socket(pc net.PacketConn) *HTTP3Socket { return &HTTP3Socket{conn: pc} }

// Addr is the address of the socket.
func (s *HTTP3Socket) Addr() net.Addr { return s.conn.LocalAddr() }

// Close ends accepting. Connections go on, and the socket is closed when they have ended.
func (s *HTTP3Socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.listener != nil {
		return s.listener.Close()
	}
	return s.conn.Close()
}

// open makes a listener of the socket, or returns net.ErrClosed.
func (s *HTTP3Socket) open(config *tls.Config, o *h3.Options) (*h3.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	ln, err := h3.Listen(s.conn, config, o)
	s.listener = ln
	return ln, err
}

// ServeHTTP3 is Serve for a UDP socket on which HTTP/3 is spoken with what the table says of its
// listener of that name, which must be one of HTTPS. As long as it serves, answers over TCP of that
// listener say so (Alt-Svc, RFC 9114 section 3.1.1). It returns once the connections have ended, too:
// ErrClosed after Shutdown, net.ErrClosed after the socket was closed.
func (p *Proxy) ServeHTTP3(socket *HTTP3Socket, name string) error {
	if !p.adopt(socket) {
		return errors.Join(ErrClosed, socket.Close())
	}
	ln, err := socket.open(p.http3Config(name), p.http3)
	if err != nil {
		return p.endOfHTTP3(name, err)
	}
	l := &listener{name: name, metrics: p.metrics.Listener(name), offers: p.offered(name), http3: true}
	if p.opts.MaxConnections > 0 {
		l.slots = make(chan struct{}, p.opts.MaxConnections)
	}
	l.offers.Store(true)
	var connections sync.WaitGroup
	for err == nil && l.acquire(p) {
		var conn *h3.Conn
		if conn, err = ln.Accept(p.ctx); err != nil {
			l.release()
			break
		}
		connections.Go(func() { p.serveHTTP3(conn, l) })
	}
	l.offers.Store(false)
	_ = ln.Close()
	connections.Wait()
	// What closing says is of no use: nothing is left that it could harm.
	_ = ln.Release()
	return p.endOfHTTP3(name, err)
}

func (p *Proxy) endOfHTTP3(name string, err error) error {
	switch {
	case p.closing.Load():
		return ErrClosed
	case errors.Is(err, h3.ErrClosed):
		err = net.ErrClosed
	}
	return fmt.Errorf("accept HTTP/3 on %s: %w", name, err)
}

// serveHTTP3 is the life of a connection of HTTP/3. Each stream is an exchange like all others.
func (p *Proxy) serveHTTP3(conn *h3.Conn, l *listener) {
	nc := quicConn{conn}
	c := &connection{proxy: p, listener: l, raw: nc, nc: nc, client: conn.Client(), ctx: p.ctx}
	c.policy, _ = conn.Noted().(*certs.Policy)
	c.secure = newSecure(conn.TLS(), c.policy)
	l.metrics.Opened()
	if !p.remember(c) {
		conn.Close()
		l.metrics.Closed()
		l.release()
		return
	}
	defer c.end()
	if !c.counted() {
		l.metrics.Shed(metrics.ShedClient)
		return
	}
	c.multiplex(conn)
	var ended *h3.ConnError
	serve := func(s *h3.Stream) { c.serveStream(http3Stream{s}) }
	if err := conn.Serve(serve); errors.As(err, &ended) {
		p.metrics.HTTP3Ended(ended.Fault)
	}
}

// http3Stream is a stream of HTTP/3 as a multiplexedStream.
type http3Stream struct{ *h3.Stream }

func (s http3Stream) Abort()  { s.Reset(h3.InternalError) }
func (s http3Stream) Cancel() { s.Reset(h3.RequestCancelled) }

// errNoHTTP3 refuses a handshake for what is not served over HTTP/3.
var errNoHTTP3 = errors.New("not served over HTTP/3")

// http3Config is tlsConfig for HTTP/3: the same certificates and the same demands on clients, over
// TLS 1.3 alone (RFC 9001 section 4.2). Server names whose connections are passed on as they
// are have no HTTP to be served.
func (p *Proxy) http3Config(listener string) *tls.Config {
	protocols := []string{h3.Protocol}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: protocols,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			l := p.listenerNow(listener)
			if l == nil || !servesHTTP3(l, hello.ServerName) {
				p.metrics.Listener(listener).HandshakeFailed()
				return nil, errNoHTTP3
			}
			h3.Note(hello.Context(), l.TLS.Policy(hello.ServerName))
			shared, err := l.TLS.Config(hello)
			if err != nil {
				return nil, err
			}
			own := shared.Clone()
			own.NextProtos, own.MinVersion = protocols, tls.VersionTLS13
			return own, nil
		},
	}
}

func servesHTTP3(l *table.Listener, serverName string) bool {
	if l.TLS == nil || !l.HTTP() {
		return false
	}
	return !l.ByServerName() || l.Stream([]byte(strings.ToLower(serverName))) == nil
}

// quicConn stands for a connection of QUIC where one of bytes is asked for its ends.
type quicConn struct{ *h3.Conn }

// Close ends the connection and its streams.
func (c quicConn) Close() error {
	c.Conn.Close()
	return nil
}

func (quicConn) Read([]byte) (int, error)         { return 0, os.ErrInvalid }
func (quicConn) Write([]byte) (int, error)        { return 0, os.ErrInvalid }
func (quicConn) SetDeadline(time.Time) error      { return os.ErrInvalid }
func (quicConn) SetReadDeadline(time.Time) error  { return os.ErrInvalid }
func (quicConn) SetWriteDeadline(time.Time) error { return os.ErrInvalid }
