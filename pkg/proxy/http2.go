package proxy

import (
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
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
	c.http2.Store(conn)
	// Shutdown sets closing before it looks for connections, so that one of the two sees the other.
	if c.proxy.closing.Load() || c.retired.Load() {
		conn.Drain()
	}
	var ended *h2.ConnError
	if err := conn.Serve(c.serveStream); errors.As(err, &ended) {
		c.proxy.metrics.HTTP2Ended(ended.Fault)
	}
}

// serveStream serves one stream.
func (c *connection) serveStream(hs *h2.Stream) {
	p := c.proxy
	defer func() {
		// Exchanges catch their own panics; what comes here costs a stream, not the process.
		if thrown := recover(); thrown != nil {
			p.log.Error("panic while serving a stream", "error", thrown, "stack", string(debug.Stack()))
			hs.Reset(h2.InternalError)
		}
	}()
	x, _ := p.exchanges.Get().(*exchange)
	x.start = time.Now()
	refused := hs.TakeRequest(&x.req)
	s := takeStream(c, hs)
	s.expects = x.req.ExpectContinue
	s.upgrades = len(x.req.Upgrade) > 0
	if s.upgrades {
		proposeUpgrade(&x.req)
	}
	x.open(c, s)
	hs.OnGone(s.left)
	if refused != nil {
		x.refuse(&fault{status: refused.Status, reason: "refused_" + refused.Fault, side: ofClient})
	} else {
		x.serve()
	}
	x.close()
	s.release()
}

// stream is the client's side of an exchange over HTTP/2.
type stream struct {
	*h2.Stream
	client *connection

	readLimit, writeLimit deadline
	// expects says that the client still waits for a 100.
	expects bool
	// upgrades says that the request is an extended CONNECT.
	upgrades bool
	// left is s.leave, bound once.
	left func()

	// mu guards what follows against leave, which another goroutine calls.
	mu     sync.Mutex
	up     upside
	isGone bool
	// watched is closed when the client leaves, where somebody watches.
	watched chan struct{}
}

var _ downstream = (*stream)(nil)

var clientStreams = sync.Pool{New: func() any {
	s := &stream{}
	s.left = s.leave
	return s
}}

func takeStream(c *connection, hs *h2.Stream) *stream {
	s := clientStreams.Get().(*stream)
	s.client, s.Stream = c, hs
	return s
}

// release gives the stream back, unless it is being told that its client has left, or will be.
func (s *stream) release() {
	if s.OnGone(nil) {
		return
	}
	*s = stream{left: s.left}
	clientStreams.Put(s)
}

// leave ends what the exchange waits for when the client has gone.
func (s *stream) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isGone = true
	if s.up != nil {
		s.up.Cut()
	}
	if s.watched != nil {
		close(s.watched)
		s.watched = nil
	}
}

func (s *stream) using(u upside) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up = u
	if u != nil && s.isGone {
		u.Cut()
	}
}

func (s *stream) gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isGone
}

func (s *stream) watch() (gone <-chan struct{}, stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := make(chan struct{})
	if s.isGone {
		close(left)
	} else {
		s.watched = left
	}
	return left, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.watched = nil
	}
}

func (s *stream) body() wire.Body   { return s.Stream }
func (s *stream) bodyBuffered() int { return s.Buffered() }
func (s *stream) bodyDone() bool    { return s.BodyDone() }
func (s *stream) codec() *h1.Conn   { return nil }
func (s *stream) abort()            { s.Reset(h2.InternalError) }
func (s *stream) flush() error      { return s.Flush() }

func (s *stream) sendContinue() error {
	if !s.expects {
		return nil
	}
	s.expects = false
	return s.WriteInterim(&response100)
}

func (s *stream) writeInterim(r *wire.Response) error { return s.WriteInterim(r) }

func (s *stream) writeHead(r *wire.Response) error {
	if s.client.proxy.draining.Load() || s.client.retired.Load() {
		s.Conn().Drain()
	}
	return s.WriteHead(r)
}

func (s *stream) writeBody(p []byte) error { return s.WriteBody(p) }

func (s *stream) finish(trailer *wire.Header) error { return s.Finish(trailer) }

func (s *stream) awaitRead(now time.Time, d time.Duration, end time.Time) {
	if at, tell := s.readLimit.after(now, d, end); tell {
		s.SetReadDeadline(at)
	}
}

func (s *stream) awaitWrite(now time.Time, d time.Duration, end time.Time) {
	if at, tell := s.writeLimit.after(now, d, end); tell {
		s.SetWriteDeadline(at)
	}
}

func (s *stream) cutRead(at time.Time) { s.SetReadDeadline(at) }
