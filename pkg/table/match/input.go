package match

import "net/netip"

// Input is what a route is chosen by.
type Input struct {
	// Host is the request's host as NormalizeHost returns it: lower case,
	// without port and final dot; empty where the request has none.
	Host []byte
	// Path is the request's path as NormalizePath returns it.
	Path []byte
	// Method is as received; methods are case-sensitive (RFC 9110 section 9.1).
	Method []byte
	// Query is what stands behind "?", still encoded; empty where nothing does.
	Query []byte
	// Header looks up header lines; nil stands for a request without any.
	Header Header
	// Client is the client's address, invalid where it is not known. No route is
	// chosen by it.
	Client netip.Addr
}

// Header is a list of header lines.
type Header interface {
	// Line returns the value of the first line with that name at or behind
	// position from, and the position behind it; ok is false where there is
	// none. The name is given in lower case and compared without regard to case.
	Line(name string, from int) (value []byte, next int, ok bool)
}
