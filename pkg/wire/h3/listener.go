package h3

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
)

// Protocol is what ALPN calls HTTP/3 (RFC 9114 section 3.1).
const Protocol = "h3"

// ErrClosed is what Accept returns once the listener was closed.
var ErrClosed = errors.New("h3: the listener is closed")

// Listener makes connections of what comes over one UDP socket.
type Listener struct {
	opts      *Options
	transport quic.Transport
	listener  *quic.Listener
	// handshakes counts those that are under way.
	handshakes atomic.Int64
	close      sync.Once
}

// Listen takes over a socket. The configuration must agree on Protocol, and on TLS 1.3. Retry is
// asked for, and handshakes are refused, as o says.
func Listen(pc net.PacketConn, config *tls.Config, o *Options) (*Listener, error) {
	l := &Listener{opts: o.Complete()}
	l.transport = quic.Transport{
		Conn:                pc,
		ConnectionIDLength:  8,
		VerifySourceAddress: func(net.Addr) bool { return l.handshakes.Load() >= int64(l.opts.RetryHandshakes) },
		ConnContext:         l.admit,
	}
	// Early data is left off (Allow0RTT): it can be replayed.
	ln, err := l.transport.Listen(config, &quic.Config{
		HandshakeIdleTimeout:             l.opts.HandshakeTimeout / 2, // Twice that is the bound of the whole.
		MaxIdleTimeout:                   l.opts.LostTimeout,
		KeepAlivePeriod:                  l.opts.LostTimeout / 2,
		MaxIncomingStreams:               int64(l.opts.MaxStreams),
		MaxIncomingUniStreams:            maxClientStreams,
		RequireStreamCreditRelease:       true,
		EnableStreamResetPartialDelivery: true,
		InitialStreamReceiveWindow:       uint64(l.opts.StreamWindow),
		MaxStreamReceiveWindow:           uint64(l.opts.StreamWindow),
		InitialConnectionReceiveWindow:   uint64(l.opts.ConnWindow),
		MaxConnectionReceiveWindow:       uint64(l.opts.ConnWindow),
	})
	if err != nil {
		return nil, err
	}
	l.listener = ln
	return l, nil
}

// errBusy refuses a handshake.
var errBusy = errors.New("h3: too many handshakes")

// handshake is what is known of one, in the context of its connection.
type handshake struct {
	over func()
	note any
}

// handshakeKey is its key.
type handshakeKey struct{}

// Note has the connection whose handshake has that context, that of a [tls.ClientHelloInfo], keep a
// value: Conn.Noted returns it.
func Note(ctx context.Context, value any) {
	if h, ok := ctx.Value(handshakeKey{}).(*handshake); ok {
		h.note = value
	}
}

// admit counts a handshake until it is over.
func (l *Listener) admit(ctx context.Context, _ *quic.ClientInfo) (context.Context, error) {
	if l.opts.Refuse != nil && l.opts.Refuse() {
		return nil, errBusy
	}
	if l.handshakes.Add(1) > int64(l.opts.MaxHandshakes) {
		l.handshakes.Add(-1)
		return nil, errBusy
	}
	var once sync.Once
	over := func() { once.Do(func() { l.handshakes.Add(-1) }) }
	context.AfterFunc(ctx, over)
	return context.WithValue(ctx, handshakeKey{}, &handshake{over: over}), nil
}

// Accept returns the next connection of which the handshake is complete, or ErrClosed.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) {
	qc, err := l.listener.Accept(ctx)
	switch {
	case errors.Is(err, quic.ErrServerClosed), errors.Is(err, quic.ErrTransportClosed):
		return nil, ErrClosed
	case err != nil:
		return nil, err
	}
	c := newConn(qc, l.opts)
	if h, ok := qc.Context().Value(handshakeKey{}).(*handshake); ok {
		h.over()
		c.note = h.note
	}
	return c, nil
}

// Addr is the address of the socket.
func (l *Listener) Addr() net.Addr { return l.listener.Addr() }

// Close ends accepting; connections go on. It may be called any number of times.
func (l *Listener) Close() error {
	var err error
	l.close.Do(func() { err = l.listener.Close() })
	return err
}

// Release ends the use of the socket and closes it, once the connections have ended.
func (l *Listener) Release() error {
	return errors.Join(l.Close(), l.transport.Close(), l.transport.Conn.Close())
}
