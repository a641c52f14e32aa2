package match

import (
	"bytes"
	"errors"
	"strings"
)

// Matcher is an immutable index of hosts and routes.
type Matcher[T any] struct {
	// names are hosts by their full name, labels and suffixes by what stands
	// behind "*." and "**.".
	names, labels, suffixes map[string]*host[T]
	// partials are hosts with a partial label.
	partials Partials[*host[T]]
	// longestSuffix bounds how many suffixes of a long host are looked up.
	longestSuffix int
	// rest is the host of pattern "", nil where there is none.
	rest *host[T]
	// all are the hosts in the order of their first appearance.
	all []*host[T]
}

// host is one pattern with the routes in order of precedence.
type host[T any] struct {
	pattern  string
	routes   routes
	payloads []T
}

// New indexes the hosts. It is total: what it cannot make never matches and
// is returned as a Fault; all the rest works. Where a pattern occurs twice, the
// routes of the second stand behind those of the first.
func New[T any](hosts []Host[T]) (*Matcher[T], []Fault) {
	m := &Matcher[T]{
		names:    make(map[string]*host[T], len(hosts)),
		labels:   make(map[string]*host[T]),
		suffixes: make(map[string]*host[T]),
	}
	var faults []Fault
	known := make(regexes)
	for i := range hosts {
		h, err := m.host(hosts[i].Pattern)
		if err != nil {
			faults = append(faults, Fault{Host: i, Route: -1, Part: "host", Err: err})
			continue
		}
		for j := range hosts[i].Routes {
			r := &hosts[i].Routes[j]
			part, err := add(&h.routes, r, known)
			if err != nil {
				faults = append(faults, Fault{Host: i, Route: j, Part: part, Err: err})
			}
			h.payloads = append(h.payloads, r.Payload)
		}
	}
	for _, h := range m.all {
		h.routes.paths.finish()
	}
	return m, faults
}

// errPattern is the fault of a host pattern.
var errPattern = errors.New(`is no host pattern: want a name in lower case, with one "*" in its first label, or "**." in front, or nothing`)

// host returns the host of a pattern, a new one the first time.
func (m *Matcher[T]) host(pattern string) (*host[T], error) {
	if IsPartial(pattern) {
		return m.partial(pattern)
	}
	in, key := m.names, pattern
	if name, ok := strings.CutPrefix(pattern, "**."); ok {
		in, key = m.suffixes, name
		m.longestSuffix = max(m.longestSuffix, len(name))
	} else if name, ok := strings.CutPrefix(pattern, "*."); ok {
		in, key = m.labels, name
	}
	if pattern != "" {
		if name, err := NormalizeHost([]byte(key), nil); err != nil || len(key) == 0 || string(name) != key {
			return nil, errPattern
		}
		if h := in[key]; h != nil {
			return h, nil
		}
	} else if m.rest != nil {
		return m.rest, nil
	}
	h := &host[T]{pattern: pattern}
	if pattern == "" {
		m.rest = h
	} else {
		in[key] = h
	}
	m.all = append(m.all, h)
	return h, nil
}

// partial is host for a pattern with a partial label.
func (m *Matcher[T]) partial(pattern string) (*host[T], error) {
	if h, there := m.partials.Get(pattern); there {
		return h, nil
	}
	h := &host[T]{pattern: pattern}
	if err := m.partials.Add(pattern, h); err != nil {
		return nil, errPattern
	}
	m.all = append(m.all, h)
	return h, nil
}

// Find returns the payload of the route that serves the request, and false
// where there is none. It does not allocate, except for a regular expression
// over a value that must be decoded or joined first.
func (m *Matcher[T]) Find(in *Input) (T, bool) {
	var at cursor
	for h := m.next(in.Host, &at); h != nil; h = m.next(in.Host, &at) {
		if rank := h.routes.find(in); rank != noRank {
			return h.payloads[rank], true
		}
	}
	var none T
	return none, false
}

// Host returns the first payload of the most specific host that matches a name,
// whatever its routes ask for, and false where none does.
func (m *Matcher[T]) Host(name []byte) (T, bool) {
	var at cursor
	for h := m.next(name, &at); h != nil; h = m.next(name, &at) {
		if len(h.payloads) > 0 {
			return h.payloads[0], true
		}
	}
	var none T
	return none, false
}

// cursor is a place in the order in which hosts are tried.
type cursor struct {
	stage stage
	// partial is the number of the next pattern with a partial label.
	partial int
	// dot is the index of the last dot whose suffix was looked up.
	dot int
}

type stage uint8

const (
	tryName stage = iota
	tryPartials
	tryLabel
	trySuffixes
	tryRest
	tried
)

// next returns the next host whose pattern matches name, nil behind the last.
func (m *Matcher[T]) next(name []byte, at *cursor) *host[T] {
	for {
		var h *host[T]
		switch at.stage {
		case tryName:
			h = m.names[string(name)]
			at.stage = tryPartials
		case tryPartials:
			var found bool
			if h, at.partial, found = m.partials.Find(name, at.partial); !found {
				at.stage = tryLabel
			}
		case tryLabel:
			if i := bytes.IndexByte(name, '.'); i > 0 {
				h = m.labels[string(name[i+1:])]
			}
			at.stage = trySuffixes
		case trySuffixes:
			i := bytes.IndexByte(name[min(at.dot+1, len(name)):], '.')
			if i < 0 || m.longestSuffix == 0 {
				at.stage = tryRest
				continue
			}
			at.dot += 1 + i
			if suffix := name[at.dot+1:]; len(suffix) <= m.longestSuffix {
				h = m.suffixes[string(suffix)]
			}
		case tryRest:
			h = m.rest
			at.stage = tried
		case tried:
			return nil
		}
		if h != nil {
			return h
		}
	}
}
