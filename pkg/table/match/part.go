package match

import "bytes"

// QueryValue returns the first value of a query parameter, decoded, and whether there
// is one that can be decoded. It allocates only where the value is encoded.
func (in *Input) QueryValue(name string) (value []byte, ok bool) {
	raw, ok := queryValue(in.Query, name)
	if !ok {
		return nil, false
	}
	return decoded(raw)
}

// HeaderValue returns the value of the first line of a header field, whose name
// is given in lower case.
func (in *Input) HeaderValue(name string) (value []byte, ok bool) {
	if in.Header == nil {
		return nil, false
	}
	value, _, ok = in.Header.Line(name, 0)
	return value, ok
}

// Cookie returns the value of the first cookie of that name (RFC 6265 section
// 5.4), case and all, without the quotes that may stand around it.
func (in *Input) Cookie(name string) (value []byte, ok bool) {
	if in.Header == nil {
		return nil, false
	}
	for line, next, more := in.Header.Line("cookie", 0); more; line, next, more = in.Header.Line("cookie", next) {
		for len(line) > 0 {
			var pair []byte
			pair, line, _ = bytes.Cut(line, []byte{';'})
			key, value, found := bytes.Cut(pair, []byte{'='})
			if found && string(bytes.TrimSpace(key)) == name {
				return unquoted(bytes.TrimSpace(value)), true
			}
		}
	}
	return nil, false
}

func unquoted(value []byte) []byte {
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
		return value[1 : n-1]
	}
	return value
}

// Segment returns the n-th part of the path between slashes, counted from 1, in
// the form of the normalised path.
func (in *Input) Segment(n int) (value []byte, ok bool) {
	path := in.Path
	for range n {
		if len(path) == 0 || path[0] != '/' {
			return nil, false
		}
		path = path[1:]
		end := bytes.IndexByte(path, '/')
		if end < 0 {
			end = len(path)
		}
		value, path = path[:end], path[end:]
	}
	return value, len(value) > 0
}
