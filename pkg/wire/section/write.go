package section

import "github.com/sluice-dev/sluice/pkg/wire"

// OfConnection says that HTTP/2 and HTTP/3 have no such field, or that the codec makes it.
func OfConnection(k wire.Known) bool {
	switch k {
	case wire.Connection, wire.KeepAlive, wire.ProxyConnection, wire.TE, wire.TransferEncoding,
		wire.ContentLength, wire.Upgrade, wire.Host, wire.Expect, wire.HTTP2Settings:
		return true
	}
	return false
}

// Trim cuts the spaces at both ends of a value, which must not be written there.
func Trim(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}
