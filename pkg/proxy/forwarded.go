package proxy

import (
	"net/netip"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// Forwarded says what becomes of the field Forwarded (RFC 7239) of requests.
type Forwarded string

// The ways to treat Forwarded. Whatever the way, that of a client that is no trusted proxy goes.
const (
	// ForwardedOff adds nothing; what a trusted proxy says stays. So does the zero value.
	ForwardedOff Forwarded = "off"
	// ForwardedAppend adds an element about the peer to what a trusted proxy says.
	ForwardedAppend Forwarded = "append"
	// ForwardedReplace says in one element who the client is.
	ForwardedReplace Forwarded = "replace"
)

var nameForwarded = []byte("Forwarded")

// keepsForwarded says that Forwarded of the request passes as it is.
func (x *exchange) keepsForwarded() bool {
	mode := x.proxy.opts.Forwarded
	return x.fromTrusted && mode != ForwardedAppend && mode != ForwardedReplace
}

// heardForwarded returns what a trusted proxy says that is to be added to, nil for nothing.
func (x *exchange) heardForwarded() []byte {
	if !x.fromTrusted || x.proxy.opts.Forwarded != ForwardedAppend {
		return nil
	}
	return x.joined("Forwarded")
}

// addForwarded adds the field, where it is asked for. heard is what stood there, host what the client asked for
// as far as a trusted proxy knows.
func (x *exchange) addForwarded(heard, host []byte) {
	switch x.proxy.opts.Forwarded {
	case ForwardedAppend, ForwardedReplace:
	default:
		return
	}
	start := len(x.arena)
	client, secure := x.client.Addr(), x.secure
	if len(heard) > 0 {
		x.arena = append(append(x.arena, heard...), ", "...)
		// Of the client the elements before tell; this one is of who has sent them.
		client, secure, host = x.conn.client.Addr(), x.conn.secure != nil, x.req.Authority
	}
	x.arena = appendElement(x.arena, client, host, secure)
	x.req.Header.AppendAlias(wire.Field{Name: nameForwarded, Value: x.arena[start:len(x.arena):len(x.arena)], Known: wire.Forwarded})
}

// appendElement appends a forwarded-element (RFC 7239 section 4).
func appendElement(b []byte, client netip.Addr, host []byte, secure bool) []byte {
	b = append(b, "for="...)
	switch {
	case !client.IsValid():
		b = append(b, "unknown"...) // RFC 7239 section 6.2.
	case client.Is4() || client.Is4In6():
		b = client.Unmap().AppendTo(b)
	default:
		b = append(client.WithZone("").AppendTo(append(b, `"[`...)), `]"`...)
	}
	if len(host) > 0 {
		b = appendValue(append(b, ";host="...), host)
	}
	if secure {
		return append(b, ";proto=https"...)
	}
	return append(b, ";proto=http"...)
}

// appendValue appends a token as it is and all else as a quoted-string (RFC 9110 section 5.6).
func appendValue(b, value []byte) []byte {
	if wire.IsToken(value) {
		return append(b, value...)
	}
	b = append(b, '"')
	for _, c := range value {
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return append(b, '"')
}

// vias are the values of Via (RFC 9110 section 7.6.3) for each version that a message can come by.
type vias [wire.HTTP3 + 1][]byte

func newVias(name string) (v vias) {
	for version, number := range map[wire.Version]string{wire.HTTP10: "1.0", wire.HTTP11: "1.1", wire.HTTP2: "2.0", wire.HTTP3: "3.0"} {
		v[version] = []byte(number + " " + name)
	}
	return v
}

var nameVia = []byte("Via")

// addVia says that a message that came by a version has passed through us.
func (p *Proxy) addVia(h *wire.Header, came wire.Version) {
	if p.opts.Via != "" && int(came) < len(p.vias) {
		h.AppendAlias(wire.Field{Name: nameVia, Value: p.vias[came], Known: wire.Via})
	}
}
