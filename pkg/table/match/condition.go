package match

// conditions is a Route made ready, without its payload.
type conditions struct {
	path    Path
	regex   *regex
	method  string
	headers []condition
	query   []condition
	// fault is why the route never matches; empty for a sound one.
	fault string
}

// condition is a Value made ready.
type condition struct {
	Value
	regex *regex
}

// hold says whether all conditions but the path's hold.
func (c *conditions) hold(in *Input) bool {
	if !c.methodHolds(in) {
		return false
	}
	for i := range c.headers {
		if !c.headers[i].holdsForHeader(in.Header) {
			return false
		}
	}
	for i := range c.query {
		if !c.query[i].holdsForQuery(in.Query) {
			return false
		}
	}
	return true
}

// methodHolds compares the method. Without one all are meant but CONNECT, which has no path and
// changes what the connection is: a route has to ask for it.
func (c *conditions) methodHolds(in *Input) bool {
	if c.method == "" {
		return string(in.Method) != "CONNECT"
	}
	return string(in.Method) == c.method
}

// holdsForHeader compares the values of all lines of the name, joined by ","
// (RFC 9110 section 5.3), without joining them where that can be avoided.
func (c *condition) holdsForHeader(h Header) bool {
	if h == nil {
		return false
	}
	line, next, ok := h.Line(c.Name, 0)
	if !ok {
		return false
	}
	switch c.Kind {
	case Present:
		return true
	case Equal:
		return equalJoined(h, c.Name, c.Value.Value, line, next)
	default:
		return c.regex.match(joined(h, c.Name, line, next))
	}
}

// equalJoined compares want with the lines joined, line by line.
func equalJoined(h Header, name, want string, line []byte, next int) bool {
	for {
		if len(want) < len(line) || want[:len(line)] != string(line) {
			return false
		}
		want = want[len(line):]
		var more bool
		line, next, more = h.Line(name, next)
		switch {
		case !more:
			return want == ""
		case want == "" || want[0] != ',':
			return false
		}
		want = want[1:]
	}
}

// joined returns the only line itself, or a joined copy of several.
func joined(h Header, name string, line []byte, next int) []byte {
	second, next, more := h.Line(name, next)
	if !more {
		return line
	}
	all := append([]byte(nil), line...)
	for more {
		all = append(append(all, ','), second...)
		second, next, more = h.Line(name, next)
	}
	return all
}

func (c *condition) holdsForQuery(query []byte) bool {
	raw, ok := queryValue(query, c.Name)
	if !ok {
		return false
	}
	switch c.Kind {
	case Present:
		return true
	case Equal:
		return equalDecoded(raw, c.Value.Value)
	default:
		value, ok := decoded(raw)
		return ok && c.regex.match(value)
	}
}
