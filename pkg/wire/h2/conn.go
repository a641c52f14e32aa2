package h2

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/internal/budget"
	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// Conn is one connection: the server's side of it, or the client's within a [ClientConn].
type Conn struct {
	nc     net.Conn
	opts   *Options
	handle func(*Stream)
	// client is what only the client's side has, nil in a server's.
	client *client

	// These belong to the goroutine that reads.
	in      input
	decoder *hpack.Decoder
	section section.Section
	trailer wire.Header
	block   block
	// ready are the streams whose goroutines start when all that was read is done with.
	ready []*Stream
	// settled says that the peer's first SETTINGS has come. Who reads sets it with mu held.
	settled bool

	// mu guards all that follows. Nothing is called with it held that blocks
	// or that calls back.
	mu      sync.Mutex
	streams map[uint32]*Stream
	// lastID is the highest identifier of the client's streams.
	lastID uint32
	// opening says that the head of a new stream is being read.
	opening bool
	// running counts the goroutines of streams; some may outlast their streams.
	running int
	// quiet is signalled when running or writing has become less.
	quiet sync.Cond
	// ours are the streams that we have reset last: frames for them may be under way.
	ours  [128]uint32
	ours0 int

	receiveWindow int // what the client may still send
	unreturned    int // what was taken, and not yet given back to the client's window
	sendWindow    int
	// peerWindow is what each stream's window for sending begins with.
	peerWindow int
	// tableUpdate says that the next field section has to say that we use no table.
	tableUpdate bool

	resets, glitches budget.Budget
	// freePings are the pings that cost nothing: clients measure by them how fast what we send comes.
	freePings int
	// gone is who has to be told of streams that are over, once mu is free.
	gone []func()
	// idleAt is when the last stream ended, or the connection began.
	idleAt time.Time

	output
	drain drain
	alarm alarm
	// closed says that the connection takes nothing any more.
	closed bool
}

// NewConn makes a connection on nc, of which buffered was read already. o may be
// nil, for the defaults; it must not change afterwards.
func NewConn(nc net.Conn, buffered []byte, o *Options) *Conn {
	if o == nil {
		o = &Options{}
	}
	now := time.Now()
	c := &Conn{nc: nc, opts: o.Complete(), streams: make(map[uint32]*Stream), idleAt: now}
	c.quiet.L = &c.mu
	c.section = section.New(wire.HTTP2, c.opts.section())
	c.decoder = hpack.NewDecoder(4096, func(f hpack.HeaderField) { c.section.Field(f.Name, f.Value) })
	c.decoder.SetMaxStringLength(2 * c.opts.MaxHeaderBytes)
	c.receiveWindow, c.sendWindow, c.peerWindow = c.opts.ConnWindow, initialWindow, initialWindow
	c.resets = budget.New(c.opts.MaxResets, c.opts.ResetsPerSecond, now)
	c.glitches = budget.New(c.opts.MaxGlitches, c.opts.GlitchesPerSecond, now)
	c.in.take(buffered)
	return c
}

// Serve is the life of the connection: handle is called with each stream, in a
// goroutine of its own. It returns, with the connection closed, when all of them
// have returned; the error is a *ConnError if the client was at fault, nil where
// the end was in order, else what reading failed with.
func (c *Conn) Serve(handle func(*Stream)) error {
	c.handle = handle
	c.mu.Lock()
	c.greet()
	c.mu.Unlock()
	c.settle() // An upgraded connection begins with a stream.
	err := c.readPreface()
	if err == nil {
		err = c.read()
	}
	return c.end(err)
}

// Close cuts the connection off. Any goroutine may call it.
func (c *Conn) Close() { _ = c.nc.Close() }

// greet queues what a server begins with. c.mu is held.
func (c *Conn) greet() {
	b := appendFrameHeader(c.begin(), 4*6, frameSettings, 0, 0)
	b = appendSetting(b, settingMaxConcurrentStreams, c.opts.MaxStreams)
	b = appendSetting(b, settingInitialWindowSize, c.opts.StreamWindow)
	b = appendSetting(b, settingMaxHeaderListSize, c.opts.MaxHeaderBytes)
	b = appendSetting(b, settingEnableConnectProtocol, 1)
	if more := c.opts.ConnWindow - initialWindow; more > 0 {
		b = appendWindowUpdate(b, 0, more)
	}
	c.out = b
	c.kick()
}

// errFinished ends reading where nothing is left to be served.
var errFinished = errors.New("h2: finished")

// end is what comes behind the last frame that was read.
func (c *Conn) end(why error) error {
	var fault *ConnError
	broken := !errors.As(why, &fault) && !errors.Is(why, errFinished)
	c.mu.Lock()
	c.closed = true
	c.drain.stop()
	if !broken {
		code := NoError
		if fault != nil {
			code = fault.Code
		}
		if fault != nil || !c.drain.announced {
			c.out = appendGoAway(c.begin(), c.lastID, code)
		}
	}
	if s := c.streams[c.block.id]; s != nil && c.client != nil && fault != nil && c.block.open {
		s.kill(ErrMalformed) // It is what has broken the connection.
	}
	for _, s := range c.streams {
		s.kill(ErrClosed)
	}
	c.wakeAwaiting()
	gone := c.gone
	c.gone = nil
	if c.client != nil {
		broken = true // An endpoint has nothing to say that we would wait for.
	}
	c.mu.Unlock()
	for _, f := range gone {
		f()
	}
	if !broken {
		c.lastWords(fault != nil)
	}
	_ = c.nc.Close()
	c.mu.Lock()
	for c.running > 0 || c.writing {
		c.quiet.Wait()
	}
	c.releaseOutput()
	c.alarm.stop()
	c.mu.Unlock()
	c.in.release()
	switch {
	case fault != nil:
		return fault
	case broken && !errors.Is(why, io.EOF):
		return why
	}
	return nil
}

// lastWords sends what is queued and lets the client read it: closing a
// connection on which unread bytes are waiting resets it. A client at fault is
// given a moment instead, in which nothing is read of what it sends: the
// kernel's window closes before a flood, and reading it costs nothing.
func (c *Conn) lastWords(fault bool) {
	end := time.Now().Add(c.opts.CloseTimeout)
	c.mu.Lock()
	_ = c.nc.SetWriteDeadline(end) // With mu held: those who write set it, too.
	for c.writing {
		c.quiet.Wait()
	}
	if len(c.out) > 0 && c.writeErr == nil {
		c.writeOnce()
	}
	failed := c.writeErr != nil
	c.mu.Unlock()
	if fault && !failed {
		<-time.After(min(faultLinger, c.opts.CloseTimeout))
		return
	}
	half, ok := c.nc.(interface{ CloseWrite() error })
	if failed || !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.nc.SetReadDeadline(end)
	// Whatever ends this, the connection is closed next.
	_, _ = io.CopyN(io.Discard, c.nc, maxLinger)
}

// maxLinger bounds what is read from a client behind our last words.
const maxLinger = 1 << 20

// faultLinger is the moment that a client at fault has for our last words.
const faultLinger = 100 * time.Millisecond
