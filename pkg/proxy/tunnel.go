package proxy

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// switchProtocols passes a 101 on and tunnels until both sides are done.
func (x *exchange) switchProtocols() *fault {
	nc := x.down.tunnel()
	if _, shared := x.up.(upstream.Stream); shared {
		proveUpgrade(&x.req, &x.resp)
	}
	if nc == nil || !upgradeAsked(&x.req, &x.resp) {
		return faultUpgrade
	}
	x.resp.Close = true // What follows is no HTTP.
	if x.down.codec() == nil {
		acceptConnect(&x.resp)
	}
	return x.tunnel(nc)
}

// tunnel sends the head of the response, and then bytes both ways until both sides are done. With a
// fault the endpoint's side is still there.
func (x *exchange) tunnel(nc tunnelEnd) *fault {
	client := x.down.codec()
	if f := x.sendHead(); f != nil {
		return f
	}
	if err := x.down.flush(); err != nil {
		return ofClientWrite(err)
	}
	t := tunnel{idle: x.route.Timeouts.TunnelIdle, large: &x.conn.large}
	var fromClient, fromEndpoint []byte
	// A tunnel may stay for days, most of the time silent.
	x.detach()
	if client != nil {
		fromClient = bytes.Clone(client.Buffered())
		client.Release()
	}
	var endpoint tunnelEnd
	switch up := x.up.(type) {
	case *upstream.Conn:
		fromEndpoint = bytes.Clone(up.Buffered())
		up.Release()
		endpoint = up.NetConn()
	case upstream.Stream:
		endpoint = streamEnd{up, up.Cut}
	}
	cut := t.run(nc, endpoint, fromClient, fromEndpoint)
	x.body.moved.Store(t.in.Load())
	x.bytesOut = t.out.Load()
	x.dropEndpoint()
	if cut {
		x.fault = faultTunnelCut
	}
	return nil
}

// detach copies what the log will want out of the buffers of the connection.
func (x *exchange) detach() {
	x.req.Method = bytes.Clone(x.req.Method)
	x.in.Host = bytes.Clone(x.in.Host)
	x.original.path, x.original.query = bytes.Clone(x.original.path), bytes.Clone(x.original.query)
	x.requestID = bytes.Clone(x.requestID)
	var kept wire.Header
	for _, name := range [...]string{"User-Agent", "Referer"} {
		if v := x.req.Header.Get(name); v != nil {
			kept.Add(name, v)
		}
	}
	x.req.Header = kept
	x.resp.Header = wire.Header{}
}

// upgradeAsked says that the endpoint switched to a protocol that the client
// named (RFC 9110 section 7.8), and, for WebSocket, that it understood the request.
func upgradeAsked(req *wire.Request, resp *wire.Response) bool {
	if !listHas(req.Upgrade, resp.Upgrade) {
		return false
	}
	if !wire.EqualName(resp.Upgrade, "websocket") {
		return true
	}
	key := req.Header.Get("Sec-WebSocket-Key")
	return len(key) > 0 && string(resp.Header.Get("Sec-WebSocket-Accept")) == websocketAccept(key)
}

// websocketAccept returns the proof of RFC 6455 section 4.2.2.
func websocketAccept(key []byte) string {
	const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	sum := sha1.Sum(append(append([]byte(nil), key...), magic...))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// listHas says whether a list of names separated by commas has one of them.
func listHas(list, name []byte) bool {
	if len(name) == 0 {
		return false
	}
	for one := range splitList(list) {
		if wire.EqualFold(one, name) {
			return true
		}
	}
	return false
}

// tunnelEnd is one end of a tunnel: a connection, or a stream of one. One goroutine reads and one writes.
type tunnelEnd interface {
	io.ReadWriteCloser
	SetReadDeadline(at time.Time) error
	SetWriteDeadline(at time.Time) error
}

// tunnel copies bytes both ways. What either side closes is half-closed on the
// other, so that both may finish.
type tunnel struct {
	// idle bounds the time in which no byte moves in either direction; 0: none.
	idle time.Duration
	// in and out count the bytes from and to the client.
	in, out atomic.Int64
	// moved is when a byte moved last, in nanoseconds since 1970.
	moved atomic.Int64
	// timedOut says that idle has passed.
	timedOut atomic.Bool
	// spliced counts the bytes that have not come to this process.
	spliced atomic.Int64
	// broken, where it is not nil, is called ahead of closing both ends for another reason than that both have
	// ended; each direction may call it.
	broken func()
	// large counts the large buffers of a connection that may have many tunnels; nil for others.
	large *atomic.Int32
}

// run returns when both directions have ended; cut says that idle has passed.
// It closes both connections.
func (t *tunnel) run(client, endpoint tunnelEnd, fromClient, fromEndpoint []byte) (cut bool) {
	t.moved.Store(time.Now().UnixNano())
	ended := make(chan struct{})
	// The goroutine ends with its direction, and a failure of either direction closes both.
	go func() {
		defer close(ended)
		in := half{tunnel: t, dst: endpoint, src: client, count: &t.in}
		in.run(fromClient)
	}()
	out := half{tunnel: t, dst: client, src: endpoint, count: &t.out}
	out.run(fromEndpoint)
	<-ended
	_ = client.Close()
	_ = endpoint.Close()
	return t.timedOut.Load()
}

// left returns how much of idle is left.
func (t *tunnel) left(now time.Time) time.Duration {
	return t.idle - now.Sub(time.Unix(0, t.moved.Load()))
}
