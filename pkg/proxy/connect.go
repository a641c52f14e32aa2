package proxy

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// proposeUpgrade makes an extended CONNECT of HTTP/2 complete for HTTP/1.1: there a
// WebSocket has a key, which HTTP/2 does without (RFC 8441 section 5).
func proposeUpgrade(req *wire.Request) {
	if !wire.EqualName(req.Upgrade, "websocket") {
		return
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // It never fails.
	var key [24]byte
	base64.StdEncoding.Encode(key[:], nonce[:])
	req.Header.Set("Sec-WebSocket-Key", key[:])
}

// acceptConnect makes a 101 what answers an extended CONNECT.
func acceptConnect(r *wire.Response) {
	r.Header.Del("Sec-WebSocket-Accept")
	r.Status, r.Upgrade = 200, nil
	r.Length, r.NoBody = wire.UnknownLength, false
}

// opensTunnel says that the try asks for a tunnel by HTTP/2: such a request is not ended.
func (x *exchange) opensTunnel() bool {
	_, shared := x.up.(upstream.Stream)
	return shared && len(x.req.Upgrade) > 0
}

// lacksKey says that a request for a WebSocket has no key that one could be opened with (RFC 6455
// section 4.2.1). An endpoint that speaks HTTP/2 does not get to see it.
func lacksKey(req *wire.Request) bool {
	if !wire.EqualName(req.Upgrade, "websocket") {
		return false
	}
	var nonce [18]byte
	key := req.Header.Get("Sec-WebSocket-Key")
	if len(key) != base64.StdEncoding.EncodedLen(16) {
		return true
	}
	n, err := base64.StdEncoding.Decode(nonce[:], key)
	return err != nil || n != 16
}

// openTunnel answers a CONNECT for which there is a connection, and tunnels until both sides are done.
func (x *exchange) openTunnel() *fault {
	x.resp.Reset()
	x.resp.Status, x.resp.Length = 200, wire.UnknownLength
	x.headAt = time.Now()
	x.timeAnswer()
	x.tellCircuit()
	if f := x.tunnel(x.down.tunnel()); f != nil {
		x.dropEndpoint()
		return f
	}
	return nil
}

// proveUpgrade adds what a client of HTTP/1.1 wants to see of a WebSocket, and what HTTP/2 does without.
func proveUpgrade(req *wire.Request, resp *wire.Response) {
	if wire.EqualName(resp.Upgrade, "websocket") {
		resp.Header.Set("Sec-WebSocket-Accept", []byte(websocketAccept(req.Header.Get("Sec-WebSocket-Key"))))
	}
}

func (s *stream) tunnel() tunnelEnd {
	if !s.tunnels {
		return nil
	}
	return streamEnd{s, s.Cancel}
}

// tunnelStream is a stream of HTTP/2 or HTTP/3, of a client or of an endpoint.
type tunnelStream interface {
	Read(p []byte) (int, error)
	WriteBody(p []byte) error
	Flush() error
	Finish(trailer *wire.Header) error
	SetReadDeadline(at time.Time)
	SetWriteDeadline(at time.Time)
}

// streamEnd is a stream as the end of a tunnel.
type streamEnd struct {
	tunnelStream
	cancel func()
}

// Write sends p at once.
func (e streamEnd) Write(p []byte) (int, error) {
	if err := e.WriteBody(p); err != nil {
		return 0, err
	}
	if err := e.Flush(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite ends our half of the stream; who writes calls it.
func (e streamEnd) CloseWrite() error { return e.Finish(nil) }

// Close resets a stream that is not over (RFC 8441 section 5: as TCP would).
func (e streamEnd) Close() error {
	e.cancel()
	return nil
}

// SetReadDeadline bounds reads, pending ones too.
func (e streamEnd) SetReadDeadline(at time.Time) error {
	e.tunnelStream.SetReadDeadline(at)
	return nil
}

// SetWriteDeadline bounds writes.
func (e streamEnd) SetWriteDeadline(at time.Time) error {
	e.tunnelStream.SetWriteDeadline(at)
	return nil
}
