package l4

import (
	"errors"
	"net"
)

// Replay returns nc with bytes in front of what is read from it.
func Replay(nc net.Conn, first []byte) net.Conn { return &replayed{Conn: nc, first: first} }

// replayed is a connection of which something was read already.
type replayed struct {
	net.Conn
	first []byte
}

// CloseWrite ends our half, where the connection below has halves.
func (r *replayed) CloseWrite() error {
	half, ok := r.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// Read returns the bytes in front until there are none left.
func (r *replayed) Read(p []byte) (int, error) {
	if len(r.first) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.first)
	if r.first = r.first[n:]; len(r.first) == 0 {
		r.first = nil // The connection may live for days.
	}
	return n, nil
}
