package proxy

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// trusts says whether the peer's X-Forwarded fields are believed.
func (p *Proxy) trusts(peer netip.Addr) bool { return within(p.trusted, peer) }

// believe takes client and scheme from what a trusted proxy says. The client
// is the last address of X-Forwarded-For that is not that of a trusted proxy:
// what stands before it may be anyone's invention.
func (x *exchange) believe() {
	fields := x.req.Header.Fields()
	believing := true
	for i := len(fields) - 1; i >= 0 && believing; i-- {
		if fields[i].Known != wire.XForwardedFor {
			continue
		}
		believing = x.believeLine(fields[i].Value)
	}
	switch proto := x.req.Header.GetKnown(wire.XForwardedProto); {
	case wire.EqualName(proto, "https"):
		x.secure = true
	case wire.EqualName(proto, "http"):
		x.secure = false
	}
}

// believeLine goes through one line of X-Forwarded-For from its end; false
// means that the client was found.
func (x *exchange) believeLine(line []byte) bool {
	for len(line) > 0 {
		i := bytes.LastIndexByte(line, ',')
		at, ok := parseNode(bytes.TrimSpace(line[i+1:]))
		if !ok {
			return false
		}
		x.client = at
		if !x.proxy.trusts(at.Addr()) {
			return false
		}
		line = line[:max(i, 0)]
	}
	return true
}

// parseNode parses an address with or without a port.
func parseNode(b []byte) (netip.AddrPort, bool) {
	s := string(b)
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(addr.Unmap(), 0), true
	}
	at, err := netip.ParseAddrPort(s)
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), err == nil
}

// names of the fields that we make.
var (
	nameForwardedFor   = []byte("X-Forwarded-For")
	nameForwardedProto = []byte("X-Forwarded-Proto")
	nameForwardedHost  = []byte("X-Forwarded-Host")
	nameForwardedPort  = []byte("X-Forwarded-Port")
	nameRealIP         = []byte("X-Real-IP")
	nameRequestID      = []byte("X-Request-Id")

	schemeHTTP  = []byte("http")
	schemeHTTPS = []byte("https")
	port80      = []byte("80")
	port443     = []byte("443")
)

// setForwarded replaces the fields by which the endpoint learns of the client.
// Known variants of their names with "_" have been left out by the codec.
func (x *exchange) setForwarded() {
	h := &x.req.Header
	heard := x.heardForwarded()
	var forwarded [4][]byte // proto, host, port as a trusted proxy said; the addresses so far
	if x.fromTrusted {
		forwarded[0] = h.GetKnown(wire.XForwardedProto)
		forwarded[1] = h.GetKnown(wire.XForwardedHost)
		forwarded[2] = h.GetKnown(wire.XForwardedPort)
		forwarded[3] = x.joinForwardedFor()
	}
	x.dropForwarded()

	scheme, port := schemeHTTP, port80
	if x.secure {
		scheme, port = schemeHTTPS, port443
	}
	if _, own, has := wire.SplitPort(x.req.Authority); has && len(own) > 0 {
		port = own
	}
	start := len(x.arena)
	x.arena = appendAddr(x.arena, x.client.Addr())
	realIP := x.arena[start:len(x.arena):len(x.arena)]
	addresses := realIP
	if len(forwarded[3]) > 0 {
		start = len(x.arena)
		x.arena = append(append(x.arena, forwarded[3]...), ", "...)
		x.arena = appendAddr(x.arena, x.conn.client.Addr())
		addresses = x.arena[start:len(x.arena):len(x.arena)]
	}
	if len(addresses) > 0 {
		h.AppendAlias(wire.Field{Name: nameForwardedFor, Value: addresses, Known: wire.XForwardedFor})
		h.AppendAlias(wire.Field{Name: nameRealIP, Value: realIP, Known: wire.XRealIP})
	}
	h.AppendAlias(wire.Field{Name: nameForwardedProto, Value: or(forwarded[0], scheme), Known: wire.XForwardedProto})
	host := or(forwarded[1], x.req.Authority)
	if len(host) > 0 {
		h.AppendAlias(wire.Field{Name: nameForwardedHost, Value: host, Known: wire.XForwardedHost})
	}
	h.AppendAlias(wire.Field{Name: nameForwardedPort, Value: or(forwarded[2], port), Known: wire.XForwardedPort})
	h.AppendAlias(wire.Field{Name: nameRequestID, Value: x.requestID, Known: wire.XRequestID})
	x.addForwarded(heard, host)
	x.proxy.addVia(h, x.version)
}

// spoofable says that a field is one by which clients could pass for others.
func spoofable(f *wire.Field) bool {
	switch f.Known {
	case wire.XForwardedFor, wire.XForwardedProto, wire.XForwardedHost, wire.XForwardedPort, wire.XRealIP, wire.XRequestID, wire.Forwarded:
		return true
	}
	return false
}

// spoofableOrForwarded is spoofable, and so is any other name in X-Forwarded-*: programs believe X-Forwarded-User or
// -Prefix as they do -For.
func spoofableOrForwarded(f *wire.Field) bool {
	return spoofable(f) || f.Known == wire.Other && wire.IsForwarding(f.Name)
}

func spoofableBesideForwarded(f *wire.Field) bool { return f.Known != wire.Forwarded && spoofable(f) }

// dropForwarded removes what clients say of themselves. Of a trusted proxy only that goes which is made anew:
// Forwarded (RFC 7239) stays, unless there is to be another.
func (x *exchange) dropForwarded() {
	drop := spoofableOrForwarded
	switch {
	case x.keepsForwarded():
		drop = spoofableBesideForwarded
	case x.fromTrusted:
		drop = spoofable
	}
	x.req.Header.DelFunc(drop)
}

// joinForwardedFor returns the lines of X-Forwarded-For as one list.
func (x *exchange) joinForwardedFor() []byte {
	var list []byte
	start := len(x.arena)
	for _, f := range x.req.Header.Fields() {
		switch {
		case f.Known != wire.XForwardedFor || len(f.Value) == 0:
		case list == nil:
			list = f.Value
		default:
			if len(x.arena) == start {
				x.arena = append(x.arena, list...)
			}
			x.arena = append(append(x.arena, ", "...), f.Value...)
			list = x.arena[start:len(x.arena):len(x.arena)]
		}
	}
	return list
}

func or(a, b []byte) []byte {
	if len(a) > 0 {
		return a
	}
	return b
}

// appendAddr appends an address without its zone; nothing for the zero address.
func appendAddr(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	return a.WithZone("").AppendTo(b)
}

// splitList goes through a list of values separated by commas (RFC 9110 section 5.6.1).
func splitList(list []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(list) > 0 {
			var one []byte
			one, list, _ = bytes.Cut(list, []byte(","))
			if one = bytes.TrimSpace(one); len(one) > 0 && !yield(one) {
				return
			}
		}
	}
}

// appendInt appends a number in decimal digits.
func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }
