package match

import "bytes"

// Ambiguous says that programs may take a normal path for different ones: it has empty segments, parameters,
// or escapes of what separates segments or of "%".
func Ambiguous(path []byte) bool {
	if bytes.IndexByte(path, ';') >= 0 || bytes.Contains(path, doubleSlash) {
		return true
	}
	for i := bytes.IndexByte(path, '%'); i >= 0; {
		if c, _ := unhex(path[i:]); isSeparator(c) {
			return true
		}
		next := bytes.IndexByte(path[i+1:], '%')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return false
}

var doubleSlash = []byte("//")

// isSeparator says that an escape of c means something else than itself once it is decoded.
func isSeparator(c byte) bool { return c == '/' || c == '\\' || c == ';' || c == '%' }

// MergeSlashes returns path with one "/" in the place of each run of them, and path itself where there is none. It
// does not change path.
func MergeSlashes(path []byte) []byte {
	if !bytes.Contains(path, doubleSlash) {
		return path
	}
	out := make([]byte, 0, len(path))
	for i, c := range path {
		if c != '/' || i == 0 || path[i-1] != '/' {
			out = append(out, c)
		}
	}
	return out
}

// Loosest returns a normal path as the most careless program reads it, spelt as a normal path again: escapes are
// decoded as long as there are any, "\" is "/", what follows ";" in a segment goes, and "//" is "/". Programs that
// are more careful about one of these read something between the two.
func Loosest(path []byte) []byte {
	plain := decodeAll(path, make([]byte, 0, len(path)))
	out := make([]byte, 0, len(plain))
	parameter := false
	for _, c := range plain {
		switch {
		case c == '/' || c == '\\':
			parameter = false
			if len(out) == 0 || out[len(out)-1] != '/' {
				out = append(out, '/')
			}
		case parameter:
		case c == ';':
			parameter = true
		case pathClass[c] == classPlain:
			out = append(out, c)
		default:
			out = append(out, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return out
}

// decodeAll appends path to out, with its escapes decoded until none is left, in one pass: what a byte completes
// is decoded at once, and may complete another.
func decodeAll(path, out []byte) []byte {
	for _, c := range path {
		out = append(out, c)
		for n := len(out) - 3; n >= 0 && out[n] == '%'; n = len(out) - 3 {
			d, ok := unhex(out[n:])
			if !ok {
				break
			}
			out = append(out[:n], d)
		}
	}
	return out
}

// hidesDots says that a segment, which is not a dot segment itself, is one or has one in it for programs that decode
// more than they should.
func hidesDots(segment []byte) bool {
	if bytes.IndexByte(segment, '%') < 0 {
		return false
	}
	var room [64]byte
	plain := decodeAll(segment, room[:0])
	for len(plain) > 0 {
		part := plain
		if i := bytes.IndexAny(plain, `/\`); i >= 0 {
			part, plain = plain[:i], plain[i+1:]
		} else {
			plain = nil
		}
		if n := leadingDots(part); n > 0 && (len(part) == n || part[n] == ';') {
			return true
		}
	}
	return false
}
