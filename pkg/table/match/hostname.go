package match

// HostFault is what is wrong with an authority that NormalizeHost refuses, as
// a short word of lower-case letters and underscores. The request deserves a 400.
type HostFault string

// The faults of hosts.
const (
	// HostByte: it holds a byte that no host name holds; user information is one such case.
	HostByte HostFault = "host_byte"
	// HostLabel: a label is empty or longer than 63 bytes.
	HostLabel HostFault = "host_label"
	// HostLong: it is longer than 253 bytes (RFC 1035 section 3.1).
	HostLong HostFault = "host_long"
	// HostPort: what stands behind ":" is no port.
	HostPort HostFault = "host_port"
)

// Error returns the word.
func (f HostFault) Error() string { return string(f) }

const (
	maxHostBytes  = 253
	maxLabelBytes = 63
)

// NormalizeHost returns the host of an authority (HOST or HOST:PORT, RFC 3986
// section 3.2) in lower case, without the port and without a final dot. An
// IPv6 address keeps its brackets. An empty authority, as HTTP/1.0 allows, is an
// empty host.
//
// A host that is normal already is returned as a part of authority, without
// allocating; else the result stands in buf's memory where it fits.
// Underscores are let through, since names in use hold them.
func NormalizeHost(authority, buf []byte) ([]byte, error) {
	if len(authority) == 0 {
		return authority, nil
	}
	if authority[0] == '[' {
		return bracketedHost(authority, buf)
	}
	label, upper := 0, false
	for i, c := range authority {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			label++
		case 'A' <= c && c <= 'Z':
			label++
			upper = true
		case c == '.':
			if label == 0 || label > maxLabelBytes {
				return nil, HostLabel
			}
			label = 0
		case c == ':':
			if !isPort(authority[i+1:]) {
				return nil, HostPort
			}
			return finishHost(authority[:i], buf, label, upper)
		default:
			return nil, HostByte
		}
	}
	return finishHost(authority, buf, label, upper)
}

// finishHost takes off the final dot, given the length of the last label.
func finishHost(host, buf []byte, label int, upper bool) ([]byte, error) {
	switch {
	case len(host) == 0 || label > maxLabelBytes:
		return nil, HostLabel
	case label == 0:
		host = host[:len(host)-1]
	}
	if len(host) > maxHostBytes {
		return nil, HostLong
	}
	if upper {
		return appendLower(buf[:0], host), nil
	}
	return host, nil
}

// bracketedHost is NormalizeHost for [IPv6] with or without a port.
func bracketedHost(authority, buf []byte) ([]byte, error) {
	upper := false
	for i, c := range authority {
		switch {
		case i == 0, '0' <= c && c <= '9', 'a' <= c && c <= 'f', c == ':', c == '.':
		case 'A' <= c && c <= 'F':
			upper = true
		case c == ']':
			if i == 1 {
				return nil, HostLabel
			}
			rest := authority[i+1:]
			if len(rest) > 0 && (rest[0] != ':' || !isPort(rest[1:])) {
				return nil, HostPort
			}
			return finishHost(authority[:i+1], buf, 1, upper)
		default:
			return nil, HostByte
		}
	}
	return nil, HostByte
}

// isPort accepts the empty port too (RFC 3986 section 3.2.3).
func isPort(s []byte) bool {
	if len(s) > 5 {
		return false
	}
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}

func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
