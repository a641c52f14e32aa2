package proxy

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// upside is the endpoint's side of one exchange: a connection of HTTP/1.1, or a stream of
// HTTP/2. The methods that write are called by one goroutine, those that read by one that may be another.
type upside interface {
	// WriteRequest begins the request. It is sent with what follows.
	WriteRequest(r *wire.Request) error
	// WriteBody goes on with it.
	WriteBody(p []byte) error
	// FinishBody ends it.
	FinishBody(trailer *wire.Header) error
	// Flush sends what is held back.
	Flush() error

	// ReadResponse reads the next head of a response.
	ReadResponse(r *wire.Response, method []byte) error
	// Body returns the response's body.
	Body() wire.Body
	// BodyBuffered returns how many bytes of it can be read at once at least.
	BodyBuffered() int
	// BodyDone says that all of the response has been read.
	BodyDone() bool
	// DrainBody reads and drops what is left of the body, at most limit bytes, and says whether that was all.
	DrainBody(limit int64) bool

	// SetDeadline bounds reads and writes, pending ones too; zero means no bound. Any goroutine may call it.
	SetDeadline(at time.Time)
	// SetReadDeadline bounds reads.
	SetReadDeadline(at time.Time)
	// SetWriteDeadline bounds writes.
	SetWriteDeadline(at time.Time)

	// Cut ends whatever waits for the endpoint. Any goroutine may call it.
	Cut()
	// Put ends the use of the endpoint's side after an exchange that is complete, Close after another.
	Put()
	Close()
}

var (
	_ upside = (*upstream.Conn)(nil)
	_ upside = upstream.Stream{}
)

// take takes a connection to the endpoint, or a stream of one. With fresh it is no connection that has
// rested: where one of those was dead, the others may be, too.
func (x *exchange) take(e *upstream.Endpoint, bound time.Duration) (upside, error) {
	ctx := x.proxy.ctx
	x.reused = false
	switch {
	case x.pool.Multiplexed() && !x.route.Connect:
		s, err := e.Stream(ctx, bound)
		return s, err
	case x.pool.Announces():
		c, err := e.DialFor(ctx, bound, x.conn.announcement(x.client))
		return c, err
	case x.fresh || x.route.Connect:
		c, err := e.Dial(ctx, bound)
		return c, err
	}
	c, reused, err := e.Conn(ctx, bound)
	x.reused = reused
	return c, err
}

// partOfHead says that an endpoint closed in the middle of a head.
func (x *exchange) partOfHead() bool {
	c, ok := x.up.(*upstream.Conn)
	return ok && len(c.Buffered()) > 0
}
