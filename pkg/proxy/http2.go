package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
)

// maxStreams bounds the concurrent streams of an HTTP/2 connection.
const maxStreams = 100

// http2Engine serves HTTP/2 with the server of x/net, stream by stream, as
// exchanges like all others.
type http2Engine struct {
	proxy  *Proxy
	base   *http.Server
	server *http2.Server
}

func newHTTP2Engine(p *Proxy) *http2Engine {
	e := &http2Engine{
		proxy: p,
		base: &http.Server{
			MaxHeaderBytes: p.opts.Limits.MaxHeadBytes,
			IdleTimeout:    p.timeouts.KeepAlive,
			ErrorLog:       log.New(io.Discard, "", 0), // It tells of what clients do wrong.
		},
		server: &http2.Server{MaxConcurrentStreams: maxStreams, IdleTimeout: p.timeouts.KeepAlive},
	}
	if err := http2.ConfigureServer(e.base, e.server); err != nil {
		// It fails only for a TLS configuration, and there is none.
		panic(err)
	}
	return e
}

// serve is the life of an HTTP/2 connection after its handshake.
func (e *http2Engine) serve(c *connection) {
	streams := newGate()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !streams.enter() {
			panic(http.ErrAbortHandler)
		}
		defer streams.leave()
		e.exchange(c, w, r)
	})
	e.server.ServeConn(c.nc, &http2.ServeConnOpts{Context: c.ctx, BaseConfig: e.base, Handler: handler})
	// The server does not wait for its handlers, but a connection has ended only when
	// its exchanges have.
	streams.close()
}

// gate counts the streams of a connection and shuts behind the last one.
type gate struct {
	// mu guards what follows.
	mu     sync.Mutex
	inside int
	shut   bool
	empty  chan struct{}
}

func newGate() *gate { return &gate{empty: make(chan struct{})} }

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.shut && g.inside == 0 {
		close(g.empty)
	}
}

// close lets none in any more and waits for those inside.
func (g *gate) close() {
	g.mu.Lock()
	g.shut = true
	inside := g.inside
	g.mu.Unlock()
	if inside > 0 {
		<-g.empty
	}
}

// goAway tells all connections to end after the streams that they have.
func (e *http2Engine) goAway() {
	// There are no listeners and no connections of net/http's own to wait for.
	_ = e.base.Shutdown(context.Background())
}

// exchange serves one stream.
func (e *http2Engine) exchange(c *connection, w http.ResponseWriter, r *http.Request) {
	x, _ := e.proxy.exchanges.Get().(*exchange)
	s := &stream{proxy: e.proxy, w: w, r: r, control: http.NewResponseController(w)}
	s.source.s = s
	x.start = time.Now()
	fault := s.fill(&x.req)
	x.open(c, s)
	// The client may leave at any time, and so may the connection be cut off.
	stop := context.AfterFunc(r.Context(), s.leave)
	if fault != nil {
		x.refuse(fault)
	} else {
		x.serve()
	}
	stop()
	s.using(nil)
	x.close()
	if s.aborted {
		panic(http.ErrAbortHandler)
	}
}

// stream is the client's side of an exchange over HTTP/2.
type stream struct {
	proxy   *Proxy
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	source  streamBody

	readLimit, writeLimit deadline
	aborted               bool

	// mu guards up against leave, which runs in a goroutine of its own.
	mu   sync.Mutex
	up   *upstream.Conn
	left bool
}

var _ downstream = (*stream)(nil)

// leave ends what the exchange waits for when the client has gone.
func (s *stream) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
	if s.up != nil {
		_ = s.up.NetConn().Close()
	}
}

func (s *stream) using(u *upstream.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up = u
	if u != nil && s.left {
		_ = u.NetConn().Close()
	}
}

func (s *stream) gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}

// fill makes the request out of the stream's head. Pseudo-header fields and
// values were checked by the server; what could mean something else in HTTP/1.1 is refused here.
func (s *stream) fill(req *wire.Request) *fault {
	req.Reset()
	r := s.r
	req.Version = wire.HTTP2
	req.Method, req.Authority = []byte(r.Method), []byte(r.Host)
	path, query, hasQuery := strings.Cut(r.RequestURI, "?")
	req.Path, req.Query, req.HasQuery = []byte(path), []byte(query), hasQuery
	req.Length = r.ContentLength
	if r.Body == nil || r.Body == http.NoBody {
		req.Length = 0
	}
	fields := 0
	for name, values := range r.Header {
		if fields += len(values); fields > s.proxy.opts.Limits.MaxFields {
			return &fault{status: 431, reason: "refused_too-many-fields", side: ofClient}
		}
		s.addField(req, name, values)
	}
	switch {
	case !wire.IsToken(req.Method), !wire.IsAuthority(req.Authority):
		return faultHost
	case r.Method == http.MethodConnect:
		return nil // It is refused later, as in HTTP/1.1.
	case r.Method == http.MethodOptions && path == "*" && !hasQuery:
		return nil
	case !wire.IsPath(req.Path), !wire.IsQuery(req.Query):
		return faultPath
	case r.Header.Get("Host") != "" && !strings.EqualFold(r.Header.Get("Host"), r.Host):
		return faultHost
	}
	return nil
}

// addField takes over the lines of one name, as the HTTP/1.1 codec would.
func (s *stream) addField(req *wire.Request, name string, values []string) {
	known := wire.Lookup([]byte(name))
	switch known {
	case wire.TE:
		req.TrailersAccepted = slices.Contains(values, "trailers")
		return
	case wire.Host, wire.Connection, wire.KeepAlive, wire.ProxyConnection, wire.Trailer, wire.TransferEncoding,
		wire.ContentLength, wire.Upgrade, wire.Expect, wire.HTTP2Settings:
		return
	}
	if strings.Contains(name, "_") && !s.proxy.opts.Limits.KeepUnderscores {
		return
	}
	for _, v := range values {
		req.Header.AppendAlias(wire.Field{Name: []byte(name), Value: []byte(v), Known: known})
	}
}

// streamBody is a stream's request body.
type streamBody struct {
	s       *stream
	ended   bool
	trailer wire.Header
}

func (b *streamBody) Read(p []byte) (int, error) {
	n, err := b.s.r.Body.Read(p)
	if errors.Is(err, io.EOF) {
		b.ended = true
		return n, io.EOF
	}
	return n, err
}

func (b *streamBody) Trailer() *wire.Header {
	if !b.ended || len(b.s.r.Trailer) == 0 {
		return nil
	}
	b.trailer.Reset()
	for name, values := range b.s.r.Trailer {
		for _, v := range values {
			b.trailer.Add(name, []byte(v))
		}
	}
	return &b.trailer
}

func (s *stream) body() wire.Body     { return &s.source }
func (s *stream) bodyBuffered() int   { return 0 }
func (s *stream) bodyDone() bool      { return s.source.ended || s.r.Body == http.NoBody }
func (s *stream) sendContinue() error { return nil } // The server does, when the body is first read.
func (s *stream) codec() *h1.Conn     { return nil }
func (s *stream) tunnel() net.Conn    { return nil }
func (s *stream) abort()              { s.aborted = true }
func (s *stream) flush() error        { return s.control.Flush() }

func (s *stream) writeInterim(r *wire.Response) error {
	s.copyHeader(r)
	s.w.WriteHeader(r.Status)
	clear(s.w.Header())
	return nil
}

func (s *stream) writeHead(r *wire.Response) error {
	s.copyHeader(r)
	header := s.w.Header()
	if r.Length > 0 || r.Length == 0 && !r.NoBody {
		header.Set("Content-Length", string(appendInt(nil, r.Length)))
	}
	if s.proxy.draining.Load() {
		header.Set("Connection", "close") // The server takes it for a GOAWAY.
	}
	s.w.WriteHeader(r.Status)
	return nil
}

func (s *stream) copyHeader(r *wire.Response) {
	header := s.w.Header()
	for _, f := range r.Header.Fields() {
		name := http.CanonicalHeaderKey(string(f.Name))
		header[name] = append(header[name], string(f.Value))
	}
}

func (s *stream) writeBody(p []byte) error {
	_, err := s.w.Write(p)
	return err
}

func (s *stream) finish(trailer *wire.Header) error {
	if trailer == nil {
		return nil
	}
	for _, f := range trailer.Fields() {
		if name := bytes.TrimSpace(f.Name); len(name) > 0 {
			s.w.Header().Add(http.TrailerPrefix+string(name), string(f.Value))
		}
	}
	return nil
}

func (s *stream) awaitRead(now time.Time, d time.Duration, end time.Time) {
	if at, tell := s.readLimit.after(now, d, end); tell {
		s.cutRead(at)
	}
}

func (s *stream) awaitWrite(now time.Time, d time.Duration, end time.Time) {
	if at, tell := s.writeLimit.after(now, d, end); tell {
		// It fails only once the stream is over, and then so does the write.
		_ = s.control.SetWriteDeadline(at)
	}
}

func (s *stream) cutRead(at time.Time) { _ = s.control.SetReadDeadline(at) }
