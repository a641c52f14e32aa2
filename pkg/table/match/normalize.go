package match

import "bytes"

// PathFault is what is wrong with a path that NormalizePath refuses, as a short
// word of lower-case letters and underscores. The request deserves a 400.
type PathFault string

// The faults of paths.
const (
	// PathRelative: it does not begin with "/".
	PathRelative PathFault = "path_relative"
	// PathByte: it holds a control byte, "\", "?" or "#".
	PathByte PathFault = "path_byte"
	// PathEscape: a "%" without two hexadecimal digits behind it, or %00.
	PathEscape PathFault = "path_escape"
	// PathDotParameter: a segment such as "..;x", which some endpoints take for "..".
	PathDotParameter PathFault = "path_dot_parameter"
	// PathHiddenDots: a segment such as "..%2Fx" or "%252E%252E", in which there is a dot segment for
	// endpoints that decode it first, or twice.
	PathHiddenDots PathFault = "path_hidden_dots"
)

// Error returns the word.
func (f PathFault) Error() string { return string(f) }

// NormalizePath returns the one spelling of path that is matched, forwarded
// and logged, so that no rule can be walked around by another spelling:
//
//   - percent-encoded unreserved characters are decoded, other percent-encodings
//     get upper-case digits (RFC 3986 sections 6.2.2.1 and 6.2.2.2); %2F, %5C, %3B and %25
//     therefore stay encoded;
//   - bytes that a path must not hold though clients send them (space, quotes, <>[]^`{|} and
//     non-ASCII) are percent-encoded;
//   - segments "." and ".." are removed, however they were spelt (section 5.2.4); ".."
//     at the root is dropped;
//   - "//" is kept: to some endpoints an empty segment means something;
//   - everything else, ";" included, is left as it is.
//
// What of it endpoints may still read differently is for Ambiguous and Loosest.
//
// It refuses with a PathFault what endpoints read differently from one another.
// "*" (OPTIONS) and the empty path (CONNECT) are returned as they are.
//
// A path that is normal already, and has no escape of a separator, is returned itself, without allocating; else
// the result stands in buf's memory where it fits. The two must not overlap.
// Normalising twice changes nothing.
func NormalizePath(path, buf []byte) ([]byte, error) {
	if len(path) == 0 || len(path) == 1 && path[0] == '*' {
		return path, nil
	}
	if path[0] != '/' {
		return nil, PathRelative
	}
	normal, err := isNormal(path)
	if err != nil {
		return nil, err
	}
	if normal {
		return path, nil
	}
	out := respell(path, buf[:0])
	return removeDots(out)
}

// isNormal says whether path certainly needs no change, and finds all faults but those about dots, for which
// escapes must be decoded first.
func isNormal(path []byte) (bool, error) {
	normal := true
	for i := 0; i < len(path); i++ {
		switch pathClass[path[i]] {
		case classPlain:
		case classSlash:
			if i+1 < len(path) && path[i+1] == '.' && maybeDots(path[i+1:]) {
				normal = false
			}
		case classEncode:
			normal = false
		case classEscape:
			c, ok := unhex(path[i:])
			if !ok || c == 0 {
				return false, PathEscape
			}
			normal = normal && !isUnreserved(c) && !isSeparator(c) && !isLowerHex(path[i+1]) && !isLowerHex(path[i+2])
			i += 2
		case classRefuse:
			return false, PathByte
		}
	}
	return normal, nil
}

// maybeDots says whether what begins with "." may be a segment that removeDots
// changes or refuses. Names such as ".well-known" are not.
func maybeDots(segment []byte) bool {
	n := 1
	if len(segment) > 1 && segment[1] == '.' {
		n = 2
	}
	return len(segment) == n || segment[n] == '/' || segment[n] == ';'
}

const upperHex = "0123456789ABCDEF"

// respell appends path to out with each byte in its one spelling. isNormal has
// checked the escapes.
func respell(path, out []byte) []byte {
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch pathClass[c] {
		case classEncode:
			out = append(out, '%', upperHex[c>>4], upperHex[c&15])
		case classEscape:
			d, _ := unhex(path[i:])
			if isUnreserved(d) {
				out = append(out, d)
			} else {
				out = append(out, '%', upperHex[d>>4], upperHex[d&15])
			}
			i += 2
		default:
			out = append(out, c)
		}
	}
	return out
}

// removeDots removes dot segments in place.
func removeDots(path []byte) ([]byte, error) {
	w := 0
	for r := 0; r < len(path); {
		end := len(path)
		if n := bytes.IndexByte(path[r+1:], '/'); n >= 0 {
			end = r + 1 + n
		}
		segment := path[r+1 : end]
		dots := leadingDots(segment)
		switch {
		case hidesDots(segment):
			return nil, PathHiddenDots
		case dots == 0 || len(segment) > dots && segment[dots] != ';':
			w += copy(path[w:], path[r:end])
		case len(segment) > dots:
			return nil, PathDotParameter
		default:
			if dots == 2 {
				w = max(bytes.LastIndexByte(path[:w], '/'), 0)
			}
			if end == len(path) {
				path[w] = '/'
				w++
			}
		}
		r = end
	}
	return path[:w], nil
}

// leadingDots returns 1 or 2 for a segment that begins with that many dots, 0
// for none and for three or more.
func leadingDots(segment []byte) int {
	n := 0
	for n < len(segment) && segment[n] == '.' {
		n++
	}
	if n > 2 {
		return 0
	}
	return n
}

type byteClass uint8

const (
	classPlain byteClass = iota
	classSlash
	classEscape
	classEncode
	classRefuse
)

// pathClass says what becomes of each byte of a path (RFC 3986 section 3.3: pchar).
var pathClass = func() (class [256]byteClass) {
	for i := range class {
		switch c := byte(i); {
		case c == '/':
			class[i] = classSlash
		case c == '%':
			class[i] = classEscape
		case c < ' ', c == 0x7f, c == '\\', c == '?', c == '#':
			class[i] = classRefuse
		case isUnreserved(c), bytes.IndexByte([]byte("!$&'()*+,;=:@"), c) >= 0:
			class[i] = classPlain
		default:
			class[i] = classEncode
		}
	}
	return class
}()

// isUnreserved tells the characters that mean the same with and without
// percent-encoding (RFC 3986 section 2.3).
func isUnreserved(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '.' || c == '_' || c == '~'
}

func isLowerHex(c byte) bool { return 'a' <= c && c <= 'f' }

// unhex returns the byte that the escape at the beginning of s stands for.
func unhex(s []byte) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	hi, ok1 := hexDigit(s[1])
	lo, ok2 := hexDigit(s[2])
	return hi<<4 | lo, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
