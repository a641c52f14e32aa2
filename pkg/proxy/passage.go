package proxy

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"github.com/sluice-dev/sluice/pkg/accesslog"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/proxy/l4"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// passageTries is how many endpoints are tried for one connection.
const passageTries = 3

// pass serves a connection whose content is not looked at, and says whether it was
// one. Over TLS the server name decides, before anything is answered: what nothing serves
// is closed without a word, and what HTTP serves is left to it, with every byte.
func (c *connection) pass(l *table.Listener) bool {
	switch {
	case l.ByServerName():
		return c.passByName(l)
	case l.HTTP():
		return false
	}
	c.newPassage("TCP").serve(l.Stream(nil), nil)
	return true
}

func (c *connection) passByName(l *table.Listener) bool {
	p := c.newPassage("TLS")
	hello, first, err := l4.Peek(c.nc, min(c.proxy.timeouts.Hello, c.proxy.timeouts.Handshake))
	if err != nil {
		c.listener.metrics.HandshakeFailed()
		if len(first) > 0 { // Without a byte it is a probe of the port, or a client that left.
			p.end(faultHello)
		}
		return true
	}
	p.entry.Host = bytes.ToLower([]byte(hello.ServerName))
	s := l.Stream(p.entry.Host)
	if s == nil && l.HTTP() {
		c.nc = l4.Replay(c.nc, first)
		return false
	}
	p.serve(s, first)
	return true
}

// opaqueConfig is tlsConfig for streams: what they speak is not known, so none of
// the protocols of HTTP may be agreed on.
func (p *Proxy) opaqueConfig(listener string) *tls.Config {
	config := p.tlsConfig(listener)
	choose := config.GetConfigForClient
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		shared, err := choose(hello)
		if err != nil || len(shared.NextProtos) == 0 {
			return shared, err
		}
		own := shared.Clone()
		own.NextProtos = nil
		return own, nil
	}
	return config
}

// passage is a client's connection, or session of UDP, that a stream passes on. It keeps nothing of
// the table, as it may last for days.
type passage struct {
	proxy *Proxy
	// conn is the client's, nil for a session of UDP.
	conn    *connection
	entry   accesslog.Entry
	counter *metrics.Stream
	// slots is what a slot was taken of, nil where none was.
	slots *queue.Limiter
	// detail says more than a fault's reason does.
	detail string
}

// newPassage is for one connection, over "TCP" or "TLS".
func (c *connection) newPassage(protocol string) *passage {
	p := c.proxy.newPassage(c.client, protocol)
	p.conn = c
	return p
}

func (p *Proxy) newPassage(client netip.AddrPort, protocol string) *passage {
	return &passage{proxy: p, entry: accesslog.Entry{Time: time.Now(), Client: client, Protocol: protocol}}
}

// serve passes the connection on to where the stream says, nil for nowhere; first is
// what was read of it already. The endpoint is connected to before TLS ends here, so that
// a client whose connection leads nowhere finds it closed.
func (p *passage) serve(s *table.Stream, first []byte) {
	if s == nil {
		p.end(faultNoStream)
		return
	}
	p.begin(s)
	if !p.admit(s) {
		p.end(faultStreamFull)
		return
	}
	defer p.leaveSlot() // A panic must not keep it for good.
	to, f := p.choose(s)
	if f != nil {
		p.end(f)
		return
	}
	up, f := p.connect(to, s.Timeouts.Connect)
	if f == nil {
		f = p.through(up, s.Terminate, s.Timeouts.TunnelIdle, first)
	}
	p.end(f)
}

// admit takes a slot where the stream has limits; false means that none is free.
func (p *passage) admit(s *table.Stream) bool {
	if s.Limiter == nil {
		return true
	}
	if _, free := s.Limiter.Try(queue.Request{}); !free {
		return false
	}
	p.slots = s.Limiter
	return true
}

// leaveSlot gives the slot back, where one is held.
func (p *passage) leaveSlot() {
	if p.slots != nil {
		p.slots.Leave(nil)
		p.slots = nil
	}
}

// choose returns the pool that the stream's weights give, with what that picks by.
func (p *passage) choose(s *table.Stream) (table.Outcome, *fault) {
	to := s.Choose(p.entry.Client.Addr())
	if to.Failure != nil {
		p.detail = to.Failure.Reason
		return to, &fault{reason: to.Failure.Word, side: ofSluice}
	}
	p.entry.UpstreamKey = to.Pool.Key()
	return to, nil
}

// connect makes a connection to an endpoint: as long as no byte has moved, another
// one may be tried. The endpoint counts as in use where there is no fault. That it could be
// connected to is all that is known of how well it is.
func (p *passage) connect(to table.Outcome, within time.Duration) (*upstream.Conn, *fault) {
	var tried [passageTries]*upstream.Endpoint
	var f *fault
	for n := range tried {
		e, err := to.Pool.PickFor(to.Ask, tried[:n]...)
		if err != nil {
			return nil, faultNoEndpoint
		}
		p.entry.Upstream, p.entry.Retries = e.Address(), n
		up, err := p.dial(e, within)
		if err == nil {
			e.Judge(0, "")
			return up, nil
		}
		if f = ofConnect(err); f.side == ofEndpoint && f != faultRequestSlow {
			e.Judge(0, f.reason)
		}
		e.Done()
		if !f.retryable {
			return nil, f
		}
		tried[n] = e
	}
	return nil, f
}

// dial makes the connection, and tells the endpoint whose it is where it wants to know.
func (p *passage) dial(e *upstream.Endpoint, within time.Duration) (*upstream.Conn, error) {
	if !e.Pool().Announces() {
		return e.Dial(p.conn.ctx, within)
	}
	client := p.conn.announcement(p.conn.client)
	client.ServerName = string(p.entry.Host)
	return e.DialFor(p.conn.ctx, within, client)
}

// through passes bytes both ways until both sides have ended, and gives the
// endpoint back.
func (p *passage) through(up *upstream.Conn, terminate bool, idle time.Duration, first []byte) *fault {
	c := p.conn
	defer up.Endpoint().Done()
	defer up.Close()
	c.using(up)
	defer c.endpoint.Store(nil)
	if terminate {
		c.nc = l4.Replay(c.nc, first)
		if !c.handshake(c.listener.opaque) {
			return faultHandshake
		}
		p.entry.TLS, first = c.secure.version, nil
	}
	up.Release()
	c.passing.Store(true)
	t := tunnel{idle: idle, broken: func() { c.reset(up) }}
	cut := t.run(c.nc, up.NetConn(), first, nil)
	p.entry.BytesIn, p.entry.BytesOut = t.in.Load(), t.out.Load()
	switch {
	case c.proxy.cutOff.Load():
		return faultDrained
	case cut:
		return faultTunnelCut
	}
	return nil
}

// begin counts the connection as one of the stream's.
func (p *passage) begin(s *table.Stream) {
	p.entry.Route = s.ID
	if s.Origin != (report.Origin{}) {
		p.entry.Origin = s.Origin.String()
	}
	p.counter = p.proxy.metrics.Stream(s.ID, metrics.Origin{Kind: s.Origin.Kind, Namespace: s.Origin.Namespace, Name: s.Origin.Name})
	p.counter.Opened()
}

// end counts and logs the connection.
func (p *passage) end(f *fault) {
	e := &p.entry
	p.leaveSlot()
	if p.counter != nil {
		p.counter.Closed(e.BytesIn, e.BytesOut)
	}
	if f != nil {
		p.proxy.metrics.StreamBroken(f.reason)
		e.Reason, e.Fault = cmp.Or(p.detail, f.reason), string(f.side)
	}
	e.Duration = time.Since(e.Time)
	if log := p.proxy.opts.AccessLog; log != nil {
		log.Log(e)
	}
}

// reset makes a reset of what would be an end for both sides of a stream: neither may take what was broken off for all
// that the other had to say. Any goroutine may call it.
func (c *connection) reset(up *upstream.Conn) {
	c.resets()
	if tcp, ok := up.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.raw.Close() // Before TLS says that this is the end.
}
