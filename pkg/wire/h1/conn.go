package h1

import (
	"net"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// Conn is one side of one connection.
type Conn struct {
	nc net.Conn
}

// NewConn makes a codec on c. lim may be nil; it must not change afterwards.
func NewConn(c net.Conn, lim *Limits) *Conn { return &Conn{nc: c} }

// ReadRequest reads the head of the next request into r (which it resets).
// io.EOF means that the peer closed the connection before the first byte.
func (c *Conn) ReadRequest(r *wire.Request) error { panic("todo") }

// ReadResponse reads the head of the next response to a request with that method.
func (c *Conn) ReadResponse(r *wire.Response, method []byte) error { panic("todo") }

// Body returns the body of the message read last.
func (c *Conn) Body() wire.Body { panic("todo") }

// BodyBuffered returns how many bytes of the body can be read without blocking at least.
func (c *Conn) BodyBuffered() int { panic("todo") }

// BodyDone says that the message read last was read completely.
func (c *Conn) BodyDone() bool { panic("todo") }

// DrainBody reads and drops what is left of the body, at most max bytes; it says whether the body is done.
func (c *Conn) DrainBody(max int64) bool { panic("todo") }

// WriteRequest appends the head of a request to the buffer.
func (c *Conn) WriteRequest(r *wire.Request) error { panic("todo") }

// WriteResponse appends the head of a response to the buffer.
func (c *Conn) WriteResponse(r *wire.Response) error { panic("todo") }

// WriteBody writes a part of the body.
func (c *Conn) WriteBody(p []byte) error { panic("todo") }

// FinishBody ends the body.
func (c *Conn) FinishBody(trailer *wire.Header) error { panic("todo") }

// Flush writes what is buffered.
func (c *Conn) Flush() error { panic("todo") }

// Buffered returns the bytes read beyond the message.
func (c *Conn) Buffered() []byte { panic("todo") }

// NetConn returns the connection underneath.
func (c *Conn) NetConn() net.Conn { return c.nc }

// Release gives the buffers back to the pool; the Conn stays usable.
func (c *Conn) Release() { panic("todo") }

// WaitReadable blocks until a byte is there or the connection fails, holding no buffer meanwhile.
func (c *Conn) WaitReadable() error { panic("todo") }

// Alive says whether an idle connection is open and silent; it does not block.
func (c *Conn) Alive() bool { panic("todo") }

// Reusable says that the connection may carry another exchange: both messages are complete,
// neither side asked for a close and no surplus bytes came.
func (c *Conn) Reusable() bool { panic("todo") }

// CopyBody copies the rest of src's body to dst and flushes; before, if not nil, is called ahead of each
// read that may block, to renew deadlines. FinishBody is left to the caller.
func CopyBody(dst, src *Conn, before func()) (n int64, readErr, writeErr error) { panic("todo") }
