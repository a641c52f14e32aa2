package upstream

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

const (
	// maxStreams bounds the requests under way over one connection, whatever an endpoint allows.
	maxStreams = 100
	// maxShared bounds the connections to an endpoint that requests share. Beyond what they
	// take requests wait, as long as connecting may take.
	maxShared = 32
)

// Stream is one request to an endpoint over a connection that it shares with others. Who
// took it ends its use with Put or Close. Cut may be called by any goroutine, the
// rest as h2.Stream says.
type Stream struct {
	*h2.Stream
}

// Body returns the response's body.
func (s Stream) Body() wire.Body { return s.Stream }

// BodyBuffered returns how many bytes of it can be read at once.
func (s Stream) BodyBuffered() int { return s.Buffered() }

// FinishBody ends the request.
func (s Stream) FinishBody(trailer *wire.Header) error { return s.Finish(trailer) }

// ReadResponse reads the next head of a response; the method of the request is known.
func (s Stream) ReadResponse(r *wire.Response, _ []byte) error { return s.Stream.ReadResponse(r) }

// DrainBody reads and drops what is left of the body, at most limit bytes, and says whether that was all.
func (s Stream) DrainBody(limit int64) bool {
	var b [4 << 10]byte
	for limit > 0 && !s.BodyDone() {
		n, err := s.Read(b[:min(limit, int64(len(b)))])
		if limit -= int64(n); err != nil {
			break
		}
	}
	return s.BodyDone()
}

// Cut ends whatever waits for the stream.
func (s Stream) Cut() { s.Reset(h2.Cancel) }

// Put ends the use of the stream. One that is not complete is reset.
func (s Stream) Put() { s.Leave() }

// Close does the same.
func (s Stream) Close() { s.Leave() }

// shared is the connections of an endpoint that requests share.
type shared struct {
	mu      sync.Mutex
	conns   []*sharedConn
	dialing *dialing
	// retired says that connections are not kept for further requests.
	retired bool
	room    bell
}

// sharedConn is one of them.
type sharedConn struct {
	*h2.ClientConn
	born time.Time
}

// dialing is an attempt to connect that many may wait for.
type dialing struct {
	done chan struct{}
	err  *Error
}

// bell wakes those who wait for room. It may be rung with any lock held.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// Multiplexed says that endpoints are asked by Endpoint.Stream, not by Endpoint.Conn.
func (p *Pool) Multiplexed() bool { return p.multiplexed.Load() }

// speak sets what is spoken with endpoints, and reports whether that is new. registry.mu is held.
func (p *Pool) speak(protocol ir.UpstreamProtocol) (changed bool) {
	return p.multiplexed.Swap(protocol == ir.UpstreamHTTP2) != (protocol == ir.UpstreamHTTP2)
}

// errNoRoom says that an endpoint takes no more requests at once.
var errNoRoom = errors.New("the endpoint takes no more requests at once")

// Stream returns a stream for a request, over a connection that is there or a new one.
// ctx ends the attempt and bound bounds it (0: no bound). An error is an *Error.
func (e *Endpoint) Stream(ctx context.Context, bound time.Duration) (Stream, error) {
	s := &e.shared
	var end <-chan time.Time
	for {
		room := (<-chan struct{})(nil)
		s.mu.Lock()
		stream := s.open()
		if stream == nil && s.dialing == nil && len(s.conns) >= maxShared {
			// Whoever makes room from now on is heard.
			room = s.room.wait()
			stream = s.open()
		}
		if stream != nil {
			s.mu.Unlock()
			return Stream{stream}, nil
		}
		d := s.dialing
		if d == nil && room == nil {
			d = &dialing{done: make(chan struct{})}
			s.dialing = d
			s.mu.Unlock()
			if stream = e.dialShared(ctx, bound, d); stream != nil {
				return Stream{stream}, nil
			}
			if d.err != nil {
				return Stream{}, d.err
			}
			continue
		}
		s.mu.Unlock()
		if end == nil && bound > 0 {
			timer := time.NewTimer(bound)
			defer timer.Stop()
			end = timer.C
		}
		if err := await(ctx, d, room, end); err != nil {
			return Stream{}, e.failed(ctx, PhaseConnect, err)
		}
		if d != nil && d.err != nil {
			return Stream{}, d.err
		}
	}
}

// await waits until a connection stands or there is room.
func await(ctx context.Context, d *dialing, room <-chan struct{}, end <-chan time.Time) error {
	var done <-chan struct{}
	if d != nil {
		done = d.done
	}
	select {
	case <-done:
	case <-room:
	case <-ctx.Done():
		return ctx.Err()
	case <-end:
		return errors.Join(errNoRoom, os.ErrDeadlineExceeded)
	}
	return nil
}

// open returns a stream over one of the connections, nil where none takes more. s.mu is held.
func (s *shared) open() *h2.Stream {
	kept := s.conns[:0]
	var stream *h2.Stream
	for _, c := range s.conns {
		if stream == nil {
			stream = c.Open()
		}
		if stream != nil || c.Usable() {
			kept = append(kept, c)
		}
	}
	clear(s.conns[len(kept):])
	s.conns = kept
	return stream
}

// dialShared makes a connection and returns its first stream.
func (e *Endpoint) dialShared(ctx context.Context, bound time.Duration, d *dialing) *h2.Stream {
	s := &e.shared
	nc, failed := e.connect(ctx, bound, nil)
	var c *sharedConn
	var stream *h2.Stream
	if failed == nil {
		secure := e.pool.tls.Load() != nil
		c = &sharedConn{h2.NewClientConn(nc, secure, e.pool.registry.shared, s.room.ring), time.Now()}
		stream = c.Open()
		e.open.Add(1)
		// The goroutine ends with the connection: when it has been idle for long, when the
		// endpoint is retired or when the other side ends it.
		go func() {
			defer e.open.Add(-1)
			_ = c.Run() // The streams know why.
		}()
	} else {
		e.connectFailed(failed)
	}
	s.mu.Lock()
	s.dialing = nil
	retired := s.retired
	if c != nil && !retired {
		s.conns = append(s.conns, c)
	}
	s.mu.Unlock()
	if c != nil && retired {
		c.Retire()
	}
	d.err = failed
	close(d.done)
	return stream
}

// retire lets the connections end with their last requests.
func (s *shared) retire() {
	s.mu.Lock()
	old := s.conns
	s.conns, s.retired = nil, true
	s.mu.Unlock()
	for _, c := range old {
		c.Retire()
	}
}

// sweep retires connections that are older than they may be.
func (s *shared) sweep(now time.Time, most time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.conns[:0]
	for _, c := range s.conns {
		switch {
		case now.Sub(c.born) >= most:
			c.Retire()
		case c.Usable():
			kept = append(kept, c)
		}
	}
	clear(s.conns[len(kept):])
	s.conns = kept
}

// sharedOptions are what endpoints that speak HTTP/2 are bound by. Each stream may fill its
// window whatever the others do, so that a slow client holds up nobody else.
func sharedOptions(o *Options) *h2.Options {
	limits := o.Limits
	if limits == nil {
		def := h1.DefaultLimits()
		limits = &def
	}
	def := h2.DefaultOptions()
	shared := &h2.Options{
		MaxStreams:     maxStreams,
		MaxHeaderBytes: limits.MaxHeadBytes,
		MaxFields:      limits.MaxFields,
		// A field of a response proves nobody's identity.
		KeepUnderscores: true,
		ConnWindow:      maxStreams * def.StreamWindow,
		// Endpoints answer what many clients do.
		MaxGlitches:       10 * def.MaxGlitches,
		GlitchesPerSecond: 10 * def.GlitchesPerSecond,
		IdleTimeout:       o.IdleTimeout,
	}
	return shared.Complete()
}
