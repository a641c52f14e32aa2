package match

import "bytes"

// queryValue returns the value, still encoded, of the first parameter of that
// name in a query of the form a=1&b=2, as browsers write forms (URL standard,
// application/x-www-form-urlencoded). Only "&" separates. A name with a
// malformed escape is no name at all.
func queryValue(query []byte, name string) (value []byte, ok bool) {
	for len(query) > 0 {
		pair := query
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			pair, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		key := pair
		value := pair[len(pair):]
		if i := bytes.IndexByte(pair, '='); i >= 0 {
			key, value = pair[:i], pair[i+1:]
		}
		if equalDecoded(key, name) {
			return value, true
		}
	}
	return nil, false
}

// equalDecoded says whether encoded stands for want; with a malformed escape
// it stands for nothing.
func equalDecoded(encoded []byte, want string) bool {
	for len(encoded) > 0 {
		c, n := nextDecoded(encoded)
		if n == 0 || want == "" || want[0] != c {
			return false
		}
		encoded, want = encoded[n:], want[1:]
	}
	return want == ""
}

// decoded returns what encoded stands for, itself where nothing is encoded, and
// false for a malformed escape.
func decoded(encoded []byte) ([]byte, bool) {
	if bytes.IndexByte(encoded, '%') < 0 && bytes.IndexByte(encoded, '+') < 0 {
		return encoded, true
	}
	plain := make([]byte, 0, len(encoded))
	for len(encoded) > 0 {
		c, n := nextDecoded(encoded)
		if n == 0 {
			return nil, false
		}
		plain = append(plain, c)
		encoded = encoded[n:]
	}
	return plain, true
}

// nextDecoded returns the first byte that s stands for and how many bytes it
// took, 0 for a malformed escape. s is not empty.
func nextDecoded(s []byte) (c byte, n int) {
	switch s[0] {
	case '+':
		return ' ', 1
	case '%':
		c, ok := unhex(s)
		if !ok {
			return 0, 0
		}
		return c, 3
	}
	return s[0], 1
}
