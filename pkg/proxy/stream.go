package proxy

import (
	"runtime/debug"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// multiplexed is the codec of a connection that carries many exchanges at once: HTTP/2's or HTTP/3's.
type multiplexed interface {
	// Drain lets the connection end once its streams have. Any goroutine may call it.
	Drain()
	// IdleSince returns since when there are no streams; false means that there are some, or that the connection ends.
	IdleSince() (time.Time, bool)
}

// multiplexedStream is one of its streams.
type multiplexedStream interface {
	wire.Body
	// TakeRequest gives the head to r, and takes r's memory in its place; an error refuses it.
	TakeRequest(r *wire.Request) *section.Error
	Buffered() int
	BodyDone() bool
	WriteInterim(r *wire.Response) error
	WriteHead(r *wire.Response) error
	WriteBody(p []byte) error
	// Room returns how much of the body can be sent at once, as far as that is known.
	Room() int
	Flush() error
	Finish(trailer *wire.Header) error
	SetReadDeadline(at time.Time)
	SetWriteDeadline(at time.Time)
	// OnGone has f called when the client leaves before the response's end; nil takes it back.
	OnGone(f func()) (happened bool)
	// Abort ends the stream because something failed, Cancel because it is not wanted any more.
	Abort()
	Cancel()
}

// multiplex notes what the connection speaks from now on.
func (c *connection) multiplex(m multiplexed) {
	c.streams.Store(&m)
	// Shutdown sets closing before it looks for connections, so that one of the two sees the other.
	if c.proxy.closing.Load() || c.retired.Load() {
		m.Drain()
	}
}

// multiplexing returns the codec of a connection that carries many exchanges at once, nil for others.
func (c *connection) multiplexing() multiplexed {
	if m := c.streams.Load(); m != nil {
		return *m
	}
	return nil
}

// drainStreams asks the client to open no more streams.
func (c *connection) drainStreams() {
	if m := c.multiplexing(); m != nil {
		m.Drain()
	}
}

// serveStream serves one stream.
func (c *connection) serveStream(ms multiplexedStream) {
	p := c.proxy
	defer func() {
		// Exchanges catch their own panics; what comes here costs a stream, not the process.
		if thrown := recover(); thrown != nil {
			p.log.Error("panic while serving a stream", "error", thrown, "stack", string(debug.Stack()))
			ms.Abort()
		}
	}()
	x, _ := p.exchanges.Get().(*exchange)
	x.start = time.Now()
	refused := ms.TakeRequest(&x.req)
	s := takeStream(c, ms)
	s.expects = x.req.ExpectContinue
	s.tunnels = len(x.req.Upgrade) > 0 || string(x.req.Method) == "CONNECT"
	if len(x.req.Upgrade) > 0 {
		proposeUpgrade(&x.req)
	}
	x.open(c, s)
	ms.OnGone(s.left)
	if refused != nil {
		x.refuse(&fault{status: refused.Status, reason: "refused_" + refused.Fault, side: ofClient})
	} else {
		x.serve()
	}
	x.close()
	s.release()
}

// stream is the client's side of an exchange over HTTP/2 or HTTP/3.
type stream struct {
	multiplexedStream
	client *connection

	readLimit, writeLimit deadline
	// expects says that the client still waits for a 100.
	expects bool
	// tunnels says that the request is a CONNECT.
	tunnels bool
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

func takeStream(c *connection, ms multiplexedStream) *stream {
	s := clientStreams.Get().(*stream)
	s.client, s.multiplexedStream = c, ms
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

func (s *stream) body() wire.Body   { return s.multiplexedStream }
func (s *stream) bodyBuffered() int { return s.Buffered() }
func (s *stream) bodyDone() bool    { return s.BodyDone() }
func (s *stream) codec() *h1.Conn   { return nil }
func (s *stream) abort()            { s.Abort() }
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
		s.client.drainStreams()
	}
	return s.WriteHead(r)
}

func (s *stream) room() int { return s.Room() }

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
