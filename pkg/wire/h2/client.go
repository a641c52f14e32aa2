package h2

import (
	"net"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// ClientConn is the client's side of one connection. Any goroutine may call its methods.
type ClientConn struct{ c *Conn }

// client is what a Conn has that is the client's side. Its connection's mu guards it, apart from resp.
type client struct {
	// scheme is that of all requests.
	scheme string
	// most is how many streams the endpoint takes at once.
	most int
	// taken are those that were promised to Open's callers and are not over.
	taken int
	// leaving says that no stream may be promised any more, refusing that the endpoint
	// has said so, and takes those neither that were promised before.
	leaving, refusing bool
	// connects says that the endpoint takes extended CONNECTs, once its SETTINGS have come, and
	// awaiting are the streams that wait for those.
	connects bool
	awaiting []*Stream
	// onRoom is called, with mu held, when a stream may be opened that could not be before.
	onRoom func()
	// resp is the response that is being read; it belongs to the goroutine that reads.
	resp wire.Response
	// spares are empty responses, of which the memory is used for the next.
	spares []wire.Response
}

// NewClientConn makes a connection on nc. Options bound what the endpoint may send; MaxStreams
// bounds our own streams as well. secure says that requests are for "https". onRoom, which
// may be nil, is called when a stream has ended or the connection has; it must neither block nor
// call anything of the connection. o must not change afterwards.
func NewClientConn(nc net.Conn, secure bool, o *Options, onRoom func()) *ClientConn {
	c := NewConn(nc, nil, o)
	c.client = &client{scheme: "http", most: c.opts.MaxStreams, onRoom: onRoom}
	if secure {
		c.client.scheme = "https"
	}
	c.idleAt = time.Now()
	c.greetEndpoint()
	return &ClientConn{c}
}

// Run reads what the endpoint sends until the connection ends, and closes it. It must be
// called once. It returns as Conn.Serve does.
func (c *ClientConn) Run() error {
	err := c.c.end(c.c.read())
	c.c.client.room()
	return err
}

// Open returns a stream for a request, nil where the connection takes no more now.
// Who got it ends its use with [Stream.Leave].
func (c *ClientConn) Open() *Stream {
	c.c.mu.Lock()
	defer c.c.mu.Unlock()
	if !c.c.usable() || c.c.client.taken >= min(c.c.client.most, c.c.opts.MaxStreams) {
		return nil
	}
	c.c.client.taken++
	s := &Stream{c: c.c}
	s.read.cond.L, s.write.cond.L = &c.c.mu, &c.c.mu
	s.promised = true
	s.room = rooms.Get().(*room)
	s.block, s.small, s.trailer, s.heads = s.room.block, s.room.small, s.room.trailer, s.headRoom[:0]
	return s
}

// maxSpares bounds the spare responses of a connection.
const maxSpares = 16

// spare takes a spare response, or a new one. c.mu is held.
func (c *client) spare() (r wire.Response) {
	if last := len(c.spares) - 1; last >= 0 {
		r = c.spares[last]
		c.spares = c.spares[:last]
	}
	return r
}

// keep makes an empty response a spare one. c.mu is held.
func (c *client) keep(r wire.Response) {
	if len(c.spares) < maxSpares {
		c.spares = append(c.spares, r)
	}
}

// Usable says that streams may be opened, now or when others have ended.
func (c *ClientConn) Usable() bool {
	c.c.mu.Lock()
	defer c.c.mu.Unlock()
	return c.c.usable()
}

// Retire lets the connection end with its last stream.
func (c *ClientConn) Retire() {
	c.c.mu.Lock()
	defer c.c.mu.Unlock()
	c.c.retire()
}

// Close cuts the connection off.
func (c *ClientConn) Close() { c.c.Close() }

// usable says that streams may be opened. c.mu is held.
func (c *Conn) usable() bool {
	return !c.client.leaving && !c.closed && c.writeErr == nil && c.lastID < maxStreamID-2
}

// greetEndpoint queues what a client begins with. c.mu is held.
func (c *Conn) greetEndpoint() {
	b := append(c.begin(), preface...)
	b = appendFrameHeader(b, 3*6, frameSettings, 0, 0)
	b = appendSetting(b, settingEnablePush, 0)
	b = appendSetting(b, settingInitialWindowSize, c.opts.StreamWindow)
	b = appendSetting(b, settingMaxHeaderListSize, c.opts.MaxHeaderBytes)
	if more := c.opts.ConnWindow - initialWindow; more > 0 {
		b = appendWindowUpdate(b, 0, more)
	}
	c.out = b // It goes with the first request.
}

// retire ends the connection with its last stream. c.mu is held.
func (c *Conn) retire() {
	c.client.leaving = true
	c.drain.begun, c.drain.announced = true, true
	c.finishIfDrained()
}

// retireIdle retires a connection that has no streams, and says whether it had none.
func (c *Conn) retireIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.streams) > 0 || c.client.taken > 0 {
		return false
	}
	c.client.leaving = true
	return true
}

// goAway serves GOAWAY: streams above last were not looked at (RFC 9113 section 6.8). c.mu is held.
func (c *Conn) goAway(last uint32) {
	c.client.refusing = true
	for id, s := range c.streams {
		if id > last {
			s.kill(ErrRefused)
		}
	}
	c.retire()
}

// leaveSlot makes room for another stream. c.mu is held.
func (c *Conn) leaveSlot(s *Stream) {
	if !s.promised {
		return
	}
	s.promised = false
	c.client.taken--
	if len(c.streams) == 0 {
		c.idleAt = time.Now()
	}
	c.client.room()
}

func (c *client) room() {
	if c.onRoom != nil {
		c.onRoom()
	}
}
