package l4

import (
	"encoding/binary"
	"errors"
)

// ErrNotHello says that what a client sent does not begin with a TLS ClientHello.
var ErrNotHello = errors.New("l4: not a TLS ClientHello")

// ErrHelloTooLarge says that a ClientHello goes beyond what is read of one.
var ErrHelloTooLarge = errors.New("l4: the TLS ClientHello is too large")

// Hello is what a ClientHello says in clear text (RFC 8446 section 4.1.2).
type Hello struct {
	// ServerName is the host of server_name (RFC 6066 section 3) as it was sent, empty
	// without one. Under Encrypted Client Hello it is the outer, public name.
	ServerName string
	// Protocols are those of ALPN (RFC 7301), in the client's order.
	Protocols []string
	// Encrypted says that there is an encrypted_client_hello extension (RFC 9849),
	// so that another name may be inside.
	Encrypted bool
}

const (
	extensionServerName = 0
	extensionALPN       = 16
	extensionECH        = 0xfe0d
	nameTypeHost        = 0
)

// parseHello reads the body of the handshake message, without its header.
func parseHello(body []byte) (h Hello, ok bool) {
	r := reader{rest: body}
	r.take(2 + 32) // The version and the random bytes.
	r.vector8()    // The session.
	if suites := r.vector16(); len(suites)%2 != 0 {
		return Hello{}, false
	}
	r.vector8() // The compression methods.
	if len(r.rest) == 0 {
		return h, !r.short // TLS 1.2 may do without extensions.
	}
	extensions := reader{rest: r.vector16()}
	if r.short || len(r.rest) != 0 {
		return Hello{}, false
	}
	seen := make(map[uint16]bool)
	for len(extensions.rest) > 0 {
		kind, data := extensions.uint16(), extensions.vector16()
		// Two of a kind could be read differently by the one who gets it next.
		if extensions.short || seen[kind] || !h.extension(kind, data) {
			return Hello{}, false
		}
		seen[kind] = true
	}
	return h, true
}

// extension takes what counts here of one extension; false means that it is malformed.
func (h *Hello) extension(kind uint16, data []byte) bool {
	switch kind {
	case extensionServerName:
		return h.serverName(data)
	case extensionALPN:
		return h.alpn(data)
	case extensionECH:
		h.Encrypted = true
	}
	return true
}

func (h *Hello) serverName(data []byte) bool {
	r := reader{rest: data}
	names := reader{rest: r.vector16()}
	if r.short || len(r.rest) != 0 || len(names.rest) == 0 {
		return false
	}
	for len(names.rest) > 0 {
		kind := names.take(1)
		name := names.vector16()
		if names.short || len(name) == 0 {
			return false
		}
		if kind[0] != nameTypeHost {
			continue
		}
		// RFC 6066 allows one host, and no dot at its end.
		if h.ServerName != "" || name[len(name)-1] == '.' {
			return false
		}
		h.ServerName = string(name)
	}
	return true
}

func (h *Hello) alpn(data []byte) bool {
	r := reader{rest: data}
	protocols := reader{rest: r.vector16()}
	if r.short || len(r.rest) != 0 || len(protocols.rest) == 0 {
		return false
	}
	for len(protocols.rest) > 0 {
		p := protocols.vector8()
		if protocols.short || len(p) == 0 {
			return false
		}
		h.Protocols = append(h.Protocols, string(p))
	}
	return true
}

// reader takes fields off bytes. Once something is missing, short stays set and
// everything that is taken is empty.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if r.short || len(r.rest) < n {
		r.short, r.rest = true, nil
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) vector8() []byte {
	if b := r.take(1); b != nil {
		return r.take(int(b[0]))
	}
	return nil
}

func (r *reader) vector16() []byte { return r.take(int(r.uint16())) }
