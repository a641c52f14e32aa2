package proxy

import (
	"errors"

	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// http2Options are what connections of HTTP/2 are bound by: the limits and times of
// HTTP/1.1, and the codec's own where HTTP/1.1 has none.
func (p *Proxy) http2Options() *h2.Options {
	limits := p.opts.Limits
	o := p.opts.HTTP2
	o.MaxHeaderBytes, o.MaxFields, o.MaxTargetBytes = limits.MaxHeadBytes, limits.MaxFields, limits.MaxTargetBytes
	o.KeepUnderscores = limits.KeepUnderscores
	o.HeadTimeout, o.IdleTimeout, o.WriteTimeout = p.timeouts.Head, p.timeouts.KeepAlive, p.timeouts.Write
	return o.Complete()
}

// serveHTTP2 is the life of a connection that speaks HTTP/2, of which buffered was
// read already. Each stream is an exchange like all others.
func (c *connection) serveHTTP2(buffered []byte) {
	c.speakHTTP2(h2.NewConn(c.nc, buffered, c.proxy.http2))
}

func (c *connection) speakHTTP2(conn *h2.Conn) {
	c.multiplex(conn)
	var ended *h2.ConnError
	serve := func(s *h2.Stream) { c.serveStream(http2Stream{s}) }
	if err := conn.Serve(serve); errors.As(err, &ended) {
		c.proxy.metrics.HTTP2Ended(ended.Fault)
	}
}

// http2Stream is a stream of HTTP/2 as a multiplexedStream.
type http2Stream struct{ *h2.Stream }

func (s http2Stream) Abort()  { s.Reset(h2.InternalError) }
func (s http2Stream) Cancel() { s.Reset(h2.Cancel) }
