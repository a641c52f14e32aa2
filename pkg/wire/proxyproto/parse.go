package proxyproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// MaxHeader is the longest header that is read, in bytes. Version 1 has 107 at most;
// version 2 may have more than anyone sends, which is refused.
const MaxHeader = 4 << 10

const (
	maxLine   = 107
	fixedSize = 16
)

var (
	// ErrIncomplete says that more bytes are needed.
	ErrIncomplete = errors.New("proxyproto: the header is not complete")
	// ErrInvalid says that the bytes do not begin with a header.
	ErrInvalid = errors.New("proxyproto: no valid header")
)

// Header is what a load balancer says of a connection. Both addresses are zero
// where it says none: of its own health checks, and of what is neither IPv4 nor IPv6.
type Header struct{ Source, Destination netip.AddrPort }

var (
	signature = []byte("\r\n\r\n\x00\r\nQUIT\n")
	word      = []byte("PROXY ")
)

// Parse reads the header that b begins with and returns its length. The error is
// ErrIncomplete or ErrInvalid.
func Parse(b []byte) (h Header, n int, err error) {
	switch {
	case hasPrefix(b, signature):
		return parseBinary(b)
	case hasPrefix(b, word):
		return parseLine(b)
	}
	return Header{}, 0, ErrInvalid
}

// hasPrefix says whether b begins with prefix, as far as there is any of it.
func hasPrefix(b, prefix []byte) bool {
	return bytes.Equal(b[:min(len(b), len(prefix))], prefix[:min(len(b), len(prefix))])
}

// parseLine reads version 1.
func parseLine(b []byte) (h Header, n int, err error) {
	end := bytes.Index(b[:min(len(b), maxLine)], []byte("\r\n"))
	switch {
	case end < 0 && len(b) < maxLine:
		return Header{}, 0, ErrIncomplete
	case end < 0:
		return Header{}, 0, ErrInvalid
	}
	n = end + 2
	fields := strings.Split(string(b[:end]), " ")
	if len(fields) > 1 && fields[1] == "UNKNOWN" {
		return Header{}, n, nil // What follows is to be ignored.
	}
	if len(fields) != 6 || fields[1] != "TCP4" && fields[1] != "TCP6" {
		return Header{}, 0, ErrInvalid
	}
	four := fields[1] == "TCP4"
	source, ok := address(fields[2], fields[4], four)
	destination, alsoOK := address(fields[3], fields[5], four)
	if !ok || !alsoOK {
		return Header{}, 0, ErrInvalid
	}
	return Header{source, destination}, n, nil
}

// address reads an address and a port of version 1.
func address(ip, port string, four bool) (netip.AddrPort, bool) {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Is4() != four || addr.Zone() != "" {
		return netip.AddrPort{}, false
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(number, 10) != port {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(number)), true
}

// parseBinary reads version 2.
func parseBinary(b []byte) (h Header, n int, err error) {
	if len(b) < fixedSize {
		return Header{}, 0, ErrIncomplete
	}
	command, family := b[12], b[13]
	n = fixedSize + int(binary.BigEndian.Uint16(b[14:]))
	switch {
	case command != 0x20 && command != 0x21 || n > MaxHeader:
		return Header{}, 0, ErrInvalid
	case len(b) < n:
		return Header{}, 0, ErrIncomplete
	case command == 0x20:
		return Header{}, n, nil // The load balancer's own connection.
	}
	body := b[fixedSize:n]
	switch family {
	case 0x00: // Of no family that there is a number for.
		return Header{}, n, nil
	case 0x11, 0x12:
		h, err = addresses(body, 4)
	case 0x21, 0x22:
		h, err = addresses(body, 16)
	case 0x31, 0x32:
		if len(body) < 2*108 {
			err = ErrInvalid
		}
	default:
		err = ErrInvalid
	}
	if err != nil {
		return Header{}, 0, err
	}
	return h, n, nil
}

// addresses reads two addresses of some bytes each and two ports. What follows is
// of no use here.
func addresses(b []byte, size int) (Header, error) {
	if len(b) < 2*size+4 {
		return Header{}, ErrInvalid
	}
	at := func(i int) netip.AddrPort {
		addr, _ := netip.AddrFromSlice(b[i*size : (i+1)*size])
		return netip.AddrPortFrom(addr.Unmap(), binary.BigEndian.Uint16(b[2*size+2*i:]))
	}
	return Header{at(0), at(1)}, nil
}
