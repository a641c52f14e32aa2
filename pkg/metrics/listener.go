package metrics

// Listener counts the connections of one listener.
type Listener struct{}

// Opened counts a connection as open until Closed.
func (l *Listener) Opened() {}

// Closed ends what Opened began.
func (l *Listener) Closed() {}

// HandshakeFailed counts a TLS handshake that failed.
func (l *Listener) HandshakeFailed() {}
