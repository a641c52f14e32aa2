package filter

import (
	"errors"
	"net/netip"
)

// AppendClient appends what tells clients apart by their address, for IPv6 by its /64; nothing
// where it is not known.
func AppendClient(dst []byte, x *Exchange) []byte {
	a := x.Client.Addr().Unmap().WithZone("")
	if !a.IsValid() {
		return dst
	}
	bytes := a.As16()
	if a.Is4() {
		return append(dst, bytes[:]...)
	}
	return append(dst, bytes[:8]...)
}

// Networks are networks of clients. They never change.
type Networks struct{ list []netip.Prefix }

// NewNetworks makes them. IPv4 networks may be written as IPv6.
func NewNetworks(list []netip.Prefix) (Networks, error) {
	var n Networks
	for _, p := range list {
		if !p.IsValid() {
			return Networks{}, errors.New("a network is not valid")
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		n.list = append(n.list, p.Masked())
	}
	return n, nil
}

// Contain says whether an address is in one of them. One that is not known is not.
func (n Networks) Contain(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range n.list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
