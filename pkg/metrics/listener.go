package metrics

import "sync/atomic"

// Listener counts the connections of one listener.
type Listener struct {
	name             string
	opened, closed   atomic.Uint64
	handshakesFailed atomic.Uint64
}

// Opened counts a connection as open until Closed.
func (l *Listener) Opened() { l.opened.Add(1) }

// Closed ends what Opened began.
func (l *Listener) Closed() { l.closed.Add(1) }

// HandshakeFailed counts a TLS handshake that failed.
func (l *Listener) HandshakeFailed() { l.handshakesFailed.Add(1) }
