package proxy

import (
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/proxy/l4"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// passageTries is how many endpoints are tried for one connection.
const passageTries = 3

// pass serves a connection whose content is not looked at, and says whether it was one.
// Over TLS the server name decides, before anything is answered: what nothing serves
// is closed without a word, and what HTTP serves is left to it.
func (c *connection) pass(l *table.Listener) bool {
	if !l.ByServerName() {
		if l.HTTP() {
			return false
		}
		c.passTo(l.Stream(nil), nil, nil)
		return true
	}
	hello, first, err := l4.Peek(c.raw, c.proxy.timeouts.Handshake)
	if err != nil {
		c.listener.metrics.HandshakeFailed()
		return true
	}
	s := l.Stream([]byte(strings.ToLower(hello.ServerName)))
	if s == nil && l.HTTP() {
		c.raw = &replayed{Conn: c.raw, first: first}
		c.nc = c.raw
		return false
	}
	c.passTo(s, l, first)
	return true
}

// passTo tunnels to an endpoint of a stream; nil is none. first is what was read already.
// The endpoint is connected to before TLS ends here, so that a client whose connection
// leads nowhere finds it closed.
func (c *connection) passTo(s *table.Stream, l *table.Listener, first []byte) {
	if s == nil {
		return
	}
	up := c.dialStream(s)
	if up == nil {
		return
	}
	defer up.Endpoint().Done()
	defer up.Close()
	c.using(up)
	defer c.using(nil)
	client := c.raw
	if s.Terminate {
		if client = c.terminate(l, first); client == nil {
			return
		}
		c.nc, first = client, nil
	}
	t := tunnel{idle: s.Timeouts.TunnelIdle}
	t.run(client, up.NetConn(), first, nil)
}

// dialStream connects to an endpoint of a stream, nil where none can be.
func (c *connection) dialStream(s *table.Stream) *upstream.Conn {
	to := s.Choose()
	if to.Pool == nil {
		return nil
	}
	var tried []*upstream.Endpoint
	for range passageTries {
		e, err := to.Pool.Pick(tried...)
		if err != nil {
			return nil
		}
		up, err := e.Dial(c.ctx, s.Timeouts.Connect)
		if err == nil {
			return up
		}
		e.Done()
		tried = append(tried, e)
	}
	return nil
}

// terminate ends TLS here, with the certificates of the listener, and returns what is
// inside; nil where the handshake fails. No protocol is agreed on: nobody here speaks any.
func (c *connection) terminate(l *table.Listener, first []byte) net.Conn {
	if l.TLS == nil {
		return nil
	}
	config, err := l.TLS.Config(nil)
	if err != nil {
		return nil
	}
	config = config.Clone()
	config.NextProtos = nil
	nc := tls.Server(&replayed{Conn: c.raw, first: first}, config)
	_ = c.raw.SetDeadline(time.Now().Add(c.proxy.timeouts.Handshake))
	if nc.HandshakeContext(c.ctx) != nil {
		c.listener.metrics.HandshakeFailed()
		return nil
	}
	_ = c.raw.SetDeadline(time.Time{})
	return nc
}

// replayed is a connection from which something was read already.
type replayed struct {
	net.Conn
	first []byte
}

// Read gives what was read first.
func (r *replayed) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	return r.Conn.Read(p)
}
