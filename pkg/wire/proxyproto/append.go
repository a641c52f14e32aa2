package proxyproto

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Info is what may be said of a client's connection besides its addresses, by version 2 alone.
// What is empty is left out.
type Info struct {
	// ServerName is what the client asked for (SNI), Protocol what was agreed on (ALPN).
	ServerName, Protocol string
}

// The types of what follows the addresses in version 2 (PP2_TYPE_ALPN, PP2_TYPE_AUTHORITY).
const (
	typeALPN      = 0x01
	typeAuthority = 0x02
)

// maxInfo bounds the length of each part of an Info.
const maxInfo = 255

// Append appends a header of version 1 or 2 to b. A header without addresses stands for a
// connection of the proxy's own, such as a health check.
func Append(b []byte, version uint8, h Header, info Info) []byte {
	if version == 1 {
		return appendLine(b, h)
	}
	return appendBinary(b, h, info)
}

// known says that the header has addresses, and unifies their family.
func (h Header) known() (Header, bool) {
	if !h.Source.IsValid() || !h.Destination.IsValid() {
		return Header{}, false
	}
	from, to := h.Source.Addr().Unmap().WithZone(""), h.Destination.Addr().Unmap().WithZone("")
	if from.Is4() != to.Is4() {
		from, to = netip.AddrFrom16(from.As16()), netip.AddrFrom16(to.As16())
	}
	return Header{netip.AddrPortFrom(from, h.Source.Port()), netip.AddrPortFrom(to, h.Destination.Port())}, true
}

func appendLine(b []byte, h Header) []byte {
	h, ok := h.known()
	if !ok {
		return append(b, "PROXY UNKNOWN\r\n"...)
	}
	family := "PROXY TCP6 "
	if h.Source.Addr().Is4() {
		family = "PROXY TCP4 "
	}
	b = append(b, family...)
	b = append(h.Source.Addr().AppendTo(b), ' ')
	b = append(h.Destination.Addr().AppendTo(b), ' ')
	b = append(strconv.AppendUint(b, uint64(h.Source.Port()), 10), ' ')
	b = strconv.AppendUint(b, uint64(h.Destination.Port()), 10)
	return append(b, '\r', '\n')
}

func appendBinary(b []byte, h Header, info Info) []byte {
	b = append(b, signature...)
	h, ok := h.known()
	if !ok {
		return append(b, 0x20, 0x00, 0x00, 0x00)
	}
	family := byte(0x21)
	if h.Source.Addr().Is4() {
		family = 0x11
	}
	b = append(b, 0x21, family, 0, 0)
	length := len(b)
	b = append(b, h.Source.Addr().AsSlice()...)
	b = append(b, h.Destination.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, h.Source.Port())
	b = binary.BigEndian.AppendUint16(b, h.Destination.Port())
	b = appendInfo(b, typeALPN, info.Protocol)
	b = appendInfo(b, typeAuthority, info.ServerName)
	binary.BigEndian.PutUint16(b[length-2:], uint16(len(b)-length))
	return b
}

func appendInfo(b []byte, kind byte, text string) []byte {
	if text == "" || len(text) > maxInfo {
		return b
	}
	b = append(b, kind, 0, byte(len(text)))
	return append(b, text...)
}
