package proxy

import (
	"crypto/rand"
	"encoding/base64"
	"net"
	"time"

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

func (s *stream) tunnel() net.Conn {
	if !s.upgrades {
		return nil
	}
	return streamConn{s}
}

// streamConn is a stream of HTTP/2 or HTTP/3 as the connection that a tunnel goes over. One
// goroutine reads and one writes.
type streamConn struct{ s *stream }

func (c streamConn) Read(p []byte) (int, error) { return c.s.Read(p) }

func (c streamConn) Write(p []byte) (int, error) {
	if err := c.s.WriteBody(p); err != nil {
		return 0, err
	}
	if err := c.s.Flush(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite ends our half of the stream; who writes calls it.
func (c streamConn) CloseWrite() error { return c.s.Finish(nil) }

// Close resets a stream that is not over (RFC 8441 section 5: as TCP would).
func (c streamConn) Close() error {
	c.s.Cancel()
	return nil
}

func (c streamConn) LocalAddr() net.Addr  { return c.s.client.raw.LocalAddr() }
func (c streamConn) RemoteAddr() net.Addr { return c.s.client.raw.RemoteAddr() }

func (c streamConn) SetDeadline(at time.Time) error {
	c.s.SetReadDeadline(at)
	c.s.SetWriteDeadline(at)
	return nil
}

func (c streamConn) SetReadDeadline(at time.Time) error {
	c.s.SetReadDeadline(at)
	return nil
}

func (c streamConn) SetWriteDeadline(at time.Time) error {
	c.s.SetWriteDeadline(at)
	return nil
}
