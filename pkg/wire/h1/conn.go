package h1

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// Conn is one side of one connection.
type Conn struct {
	nc  net.Conn
	tcp *net.TCPConn // nc, where it is TCP in clear text
	lim *Limits

	in  input
	out output
	// body is the content of the message that is being read.
	body body

	// client says that this is the half that sends requests.
	client bool
	// broken says that reading failed: where the next message begins is unknown.
	broken bool
	// peerClose says that the message read last is the peer's last one.
	peerClose bool
	// interim says that the response read last was informational.
	interim bool
	// head10, headHEAD and headConnect are what the writing side must know of the request read last.
	head10, headHEAD, headConnect bool
}

// NewConn makes a codec on c. lim may be nil, for the defaults; it must not change afterwards.
func NewConn(c net.Conn, lim *Limits) *Conn {
	conn := &Conn{nc: c, lim: lim.complete()}
	conn.body.c = conn
	conn.out.done = true
	conn.tcp, _ = c.(*net.TCPConn)
	conn.in.bind(c)
	return conn
}

// NetConn returns the connection underneath.
func (c *Conn) NetConn() net.Conn { return c.nc }

// Body returns the body of the message read last. It is the same value for all
// messages of a connection.
func (c *Conn) Body() wire.Body { return &c.body }

// BodyDone says that the message read last was read completely, its trailer included.
func (c *Conn) BodyDone() bool { return c.body.kind == bodyNone }

// Buffered returns the bytes that were read beyond the message, valid until the next read.
func (c *Conn) Buffered() []byte { return c.in.unread() }

// Release gives the buffers back to the pool and drops what they hold. The Conn
// stays usable: it takes buffers again as it needs them.
func (c *Conn) Release() {
	c.in.release()
	c.out.release()
}

// Reusable says that the connection may carry another exchange: the messages
// of both directions are complete and well-formed, neither side asked for a
// close, and, in the client half, no surplus bytes came.
func (c *Conn) Reusable() bool {
	if c.broken || c.peerClose || c.interim || !c.BodyDone() {
		return false
	}
	if c.out.close || !c.out.done || c.out.err != nil {
		return false
	}
	return !c.client || len(c.in.unread()) == 0
}

// Alive says whether an idle connection is open and silent: neither closed by
// the peer nor sent anything. It does not block; where the net.Conn cannot be
// asked, it says yes.
func (c *Conn) Alive() bool { return len(c.in.unread()) == 0 && c.in.silent(c.nc) }

// WaitReadable blocks until a byte of the next message is there, and holds no
// buffer meanwhile. io.EOF means that the peer closed the connection.
func (c *Conn) WaitReadable() error {
	c.in.begin()
	if len(c.in.unread()) > 0 {
		return nil
	}
	c.in.release()
	if c.out.pending() == 0 {
		c.out.release()
	}
	return c.in.wait(smallSize)
}

// Peek returns the first n bytes of the next message without consuming them,
// waiting for them if need be; n is at most 1 KiB. It serves to tell protocols apart.
func (c *Conn) Peek(n int) ([]byte, error) {
	c.in.begin()
	for len(c.in.unread()) < n {
		if err := c.in.fill(); err != nil {
			return c.in.unread(), err
		}
	}
	return c.in.unread()[:n], nil
}

// fail notes that nothing more can be read, and returns err as the reader of this half sees it.
func (c *Conn) fail(err error) error {
	c.broken = true
	if refused, ok := errors.AsType[*Error](err); ok && c.client && refused.Status != 502 {
		return &Error{Status: 502, Fault: refused.Fault}
	}
	return unexpectedEOF(err)
}

// input is the reading side's buffer. b[r:w] is unread; b[:base] holds the head
// of the current message and what else is aliased, and stays.
type input struct {
	nc net.Conn
	// raw is the socket, where nc is one and can be waited on.
	raw syscall.RawConn
	// tryRead is in.read, bound once so that waiting allocates nothing.
	tryRead func(fd uintptr) bool
	fresh   int   // the size of the buffer that it takes
	err     error // of tryRead and tryReceive
	// tryReceive is in.take, bound once; it reads into into and says in got how much.
	tryReceive func(fd uintptr) bool
	into       []byte
	got        int
	one        [1]byte
	// tryPeek is in.peek, bound at its first use, since only idle connections to endpoints need it.
	tryPeek func(fd uintptr)
	quiet   bool // of tryPeek
	// tryCount is in.count, bound as late.
	tryCount func(fd uintptr) bool
	counted  int // of tryCount

	buf *buffer
	// head is the buffer of the current head, where the body has moved on to another.
	head       *buffer
	base, r, w int
	// sparing says that the next message is to be read into a small buffer.
	sparing bool
}

// minRoom is the room below which no read is worth its system call.
const minRoom = 512

func (in *input) unread() []byte {
	if in.buf == nil {
		return nil
	}
	return in.buf.b[in.r:in.w]
}

// begin ends the life of what the current message aliases.
func (in *input) begin() {
	if in.head != nil {
		putBuffer(in.head)
		in.head = nil
	}
	in.base = 0
	if in.r == in.w {
		in.r, in.w = 0, 0
	}
}

func (in *input) release() {
	putBuffer(in.buf)
	putBuffer(in.head)
	in.buf, in.head = nil, nil
	in.base, in.r, in.w = 0, 0, 0
}

// fill reads at least one byte behind those unread.
func (in *input) fill() error {
	if in.buf == nil {
		in.buf = getBuffer(bufferSize)
	}
	if in.r == in.w {
		in.r, in.w = in.base, in.base
	}
	if len(in.buf.b)-in.w < minRoom {
		in.makeRoom()
	}
	n, err := in.receive(in.buf.b[in.w:])
	in.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// makeRoom makes room behind the unread bytes: by moving them down, else in a larger buffer.
func (in *input) makeRoom() {
	unread := in.unread()
	if in.r > in.base && len(in.buf.b)-in.base-len(unread) >= minRoom {
		copy(in.buf.b[in.base:], unread)
		in.r, in.w = in.base, in.base+len(unread)
		return
	}
	old := in.buf
	in.buf = getBuffer(max(bufferSize, 2*len(unread)))
	in.r, in.w = 0, copy(in.buf.b, unread)
	in.buf.lines, old.lines = old.lines, in.buf.lines
	if in.base > 0 && in.head == nil {
		in.head = old
	} else {
		putBuffer(old)
	}
	in.base = 0
}

// past is a deadline that lets nothing wait.
var past = time.Unix(1, 0)

// heldBack says that nc, which is a layer above a socket as TLS is, has read bytes that nobody took yet,
// or is broken. What a peer sent behind a message may be there, where the socket does not show it.
func (in *input) heldBack(nc net.Conn) bool {
	if nc.SetReadDeadline(past) != nil {
		return true
	}
	n, err := nc.Read(in.one[:])
	return n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || nc.SetReadDeadline(time.Time{}) != nil
}

// waitByte waits with a buffer of one byte, where there is no socket to wait on.
func (in *input) waitByte() error {
	n, err := in.nc.Read(in.one[:])
	if n == 0 {
		if err == nil {
			err = io.ErrNoProgress
		}
		return err
	}
	in.buf = getBuffer(smallSize)
	in.buf.b[0] = in.one[0]
	in.w = 1
	return nil
}
