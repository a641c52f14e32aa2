package wire

import (
	"encoding/binary"
	"net/netip"
)

// Classes of bytes; a byte may be in several.
const (
	classToken = 1 << iota // tchar of RFC 9110 section 5.6.2
	classPath              // what a path may hold besides "%"
	classQuery             // what a query may hold
	classHost              // what a registered name may hold
	classHex               // hexadecimal digit
)

var classes = func() (t [256]uint8) {
	for c := range t {
		b := byte(c)
		digit := '0' <= b && b <= '9'
		letter := 'a' <= b|0x20 && b|0x20 <= 'z'
		visible := '!' <= b && b <= '~'
		if digit || letter || contains("!#$%&'*+-.^_`|~", b) {
			t[c] |= classToken
		}
		if visible && !contains("#?\\%", b) {
			t[c] |= classPath
		}
		if visible && b != '#' {
			t[c] |= classQuery
		}
		if digit || letter || contains("-._~", b) {
			t[c] |= classHost
		}
		if digit || 'a' <= b|0x20 && b|0x20 <= 'f' {
			t[c] |= classHex
		}
	}
	return t
}()

func contains(set string, c byte) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}

func allOf(b []byte, class uint8) bool {
	for _, c := range b {
		if classes[c]&class == 0 {
			return false
		}
	}
	return true
}

// IsTokenByte says whether c may stand in a token (RFC 9110 section 5.6.2).
func IsTokenByte(c byte) bool { return classes[c]&classToken != 0 }

// IsToken says whether b is a token (RFC 9110 section 5.6.2), as methods and field names are.
func IsToken(b []byte) bool { return len(b) > 0 && allOf(b, classToken) }

// IsFieldValue says whether b may stand in a field line as its value: no
// control bytes but HTAB (RFC 9110 section 5.5). Bytes above 0x7f may.
func IsFieldValue(b []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		del := x ^ 0x7f*ones
		// A top bit is set in the first term where a byte is below 0x20, in the
		// second where one is 0x7f.
		if ((x-0x20*ones)&^x|(del-ones)&^del)&tops != 0 && !plainBytes(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return plainBytes(b)
}

func plainBytes(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// IsPath says whether b is a path in origin form: it begins with "/", holds
// visible ASCII bytes without "?", "#" and "\", and each "%" begins an escape of
// two hexadecimal digits that is not "%00". That is wider than RFC 3986 section
// 3.3 (which also bars `"<>[]^{|}` and the backtick): clients send those, and no
// reader takes them for anything else. A backslash is "/" to some, so it is refused.
func IsPath(b []byte) bool {
	if len(b) == 0 || b[0] != '/' {
		return false
	}
	for i := 0; i < len(b); i++ {
		if classes[b[i]]&classPath != 0 {
			continue
		}
		if b[i] != '%' || i+2 >= len(b) || !allOf(b[i+1:i+3], classHex) || b[i+1] == '0' && b[i+2] == '0' {
			return false
		}
		i += 2
	}
	return true
}

// IsQuery says whether b may stand behind "?" in a target: visible ASCII bytes
// without "#". Escapes are not looked at; a query is forwarded as it came.
func IsQuery(b []byte) bool { return allOf(b, classQuery) }

// IsAuthority says whether b is a host with an optional port (RFC 9110 section
// 7.2): a registered name or IPv4 address of letters, digits, "-", ".", "_" and
// "~", at most 255 bytes, or an IPv6 address in brackets without zone; the port
// has one to five digits and is between 1 and 65535. User information, lists,
// escapes and empty parts are refused, though RFC 3986 allows some of them:
// no name that is served has them, and readers differ on what they mean.
func IsAuthority(b []byte) bool {
	host, port, hasPort := SplitPort(b)
	if hasPort && !isPort(port) {
		return false
	}
	if len(host) > 0 && host[0] == '[' {
		if host[len(host)-1] != ']' || len(host) > 2+len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") {
			return false
		}
		addr, err := netip.ParseAddr(string(host[1 : len(host)-1]))
		return err == nil && addr.Is6() && addr.Zone() == ""
	}
	return len(host) > 0 && len(host) <= 255 && allOf(host, classHost)
}

// SplitPort cuts an authority into host and port; brackets stay on the host.
// It does not check either part.
func SplitPort(b []byte) (host, port []byte, hasPort bool) {
	for i := len(b) - 1; i >= 0; i-- {
		switch b[i] {
		case ':':
			return b[:i], b[i+1:], true
		case ']':
			return b, nil, false
		}
	}
	return b, nil, false
}

func isPort(b []byte) bool {
	if len(b) == 0 || len(b) > 5 {
		return false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return 0 < n && n <= 65535
}
