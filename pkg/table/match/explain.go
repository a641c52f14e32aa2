package match

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxNear bounds Explanation.Near.
const maxNear = 5

// Explain returns what Find returns and why, with at most limit routes a host.
// It looks at every route of the hosts it tries, so it is slow where there are many.
func (m *Matcher[T]) Explain(in *Input, limit int) Explanation[T] {
	var e Explanation[T]
	var at cursor
	for h := m.next(in.Host, &at); h != nil && !e.OK; h = m.next(in.Host, &at) {
		if chosen := h.explain(in, limit, &e); chosen != noRank {
			e.Found, e.OK = h.payloads[chosen], true
		}
	}
	e.Near = m.near(string(in.Host))
	return e
}

// explain adds the host and returns the rank that serves, or noRank.
func (h *host[T]) explain(in *Input, limit int, e *Explanation[T]) int {
	chosen := noRank
	list := make([]RouteExplanation[T], 0, len(h.routes.list))
	for rank := range h.routes.list {
		c := &h.routes.list[rank]
		r := RouteExplanation[T]{Rank: rank, Payload: h.payloads[rank]}
		r.Verdict, r.Reason = c.explain(in)
		if r.Verdict == Chosen {
			if chosen == noRank {
				chosen = rank
			} else {
				r.Verdict = Shadowed
				r.Reason = "it matches, but an earlier route does too"
			}
		}
		list = append(list, r)
	}
	kept := h.nearest(list, string(in.Path), max(limit, 1))
	e.Hosts = append(e.Hosts, HostExplanation[T]{Pattern: h.pattern, Routes: kept, Omitted: len(list) - len(kept)})
	return chosen
}

// nearest keeps the limit routes whose path has most in common with path, those that
// match first of all, in order of precedence.
func (h *host[T]) nearest(list []RouteExplanation[T], path string, limit int) []RouteExplanation[T] {
	if len(list) <= limit {
		return list
	}
	likeness := func(r RouteExplanation[T]) int {
		c := &h.routes.list[r.Rank]
		switch {
		case r.Verdict == Chosen:
			return len(path) + 2
		case c.pathHolds(path):
			return len(path) + 1
		case c.regex != nil:
			return commonPrefix(c.regex.prefix, path)
		}
		return commonPrefix(c.path.Value, path)
	}
	slices.SortStableFunc(list, func(a, b RouteExplanation[T]) int { return -cmp.Compare(likeness(a), likeness(b)) })
	list = list[:limit]
	slices.SortFunc(list, func(a, b RouteExplanation[T]) int { return cmp.Compare(a.Rank, b.Rank) })
	return list
}

// explain returns Chosen where all conditions hold, and otherwise names the
// first that does not.
func (c *conditions) explain(in *Input) (Verdict, string) {
	if c.fault != "" {
		return Broken, c.fault
	}
	if !c.pathHolds(string(in.Path)) {
		return Mismatch, c.pathReason()
	}
	switch {
	case c.methodHolds(in):
	case c.method == "":
		return Mismatch, "method is CONNECT, which the route does not ask for"
	default:
		return Mismatch, fmt.Sprintf("method is %s, not %s", in.Method, c.method)
	}
	for i := range c.headers {
		if h := &c.headers[i]; !h.holdsForHeader(in.Header) {
			return Mismatch, h.headerReason(in.Header)
		}
	}
	for i := range c.query {
		if q := &c.query[i]; !q.holdsForQuery(in.Query) {
			return Mismatch, q.queryReason(in.Query)
		}
	}
	return Chosen, ""
}

// pathHolds compares the path without the tree.
func (c *conditions) pathHolds(path string) bool {
	switch {
	case c.fault != "":
		return false
	case c.path.Kind == Exact:
		return path == c.path.Value
	case c.path.Kind == Regex:
		return c.regex.match([]byte(path))
	}
	rest, ok := strings.CutPrefix(path, trimSlash(c.path.Value))
	return c.path.Value == "/" || ok && (rest == "" || rest[0] == '/')
}

func (c *conditions) pathReason() string {
	switch c.path.Kind {
	case Exact:
		return "path is not " + c.path.Value
	case Regex:
		return fmt.Sprintf("path does not match %q", c.path.Value)
	}
	return fmt.Sprintf("path is not %s or below it", c.path.Value)
}

func (c *condition) headerReason(h Header) string {
	var value []byte
	ok := false
	if h != nil {
		var next int
		if value, next, ok = h.Line(c.Name, 0); ok {
			value = joined(h, c.Name, value, next)
		}
	}
	return c.reason("header", string(value), ok)
}

func (c *condition) queryReason(query []byte) string {
	raw, ok := queryValue(query, c.Name)
	value, sound := decoded(raw)
	if !sound {
		return fmt.Sprintf("query parameter %s has a malformed percent-encoding", c.Name)
	}
	return c.reason("query parameter", string(value), ok)
}

func (c *condition) reason(what, value string, there bool) string {
	switch {
	case !there:
		return fmt.Sprintf("%s %s is missing", what, c.Name)
	case c.Kind == Matches:
		return fmt.Sprintf("%s %s is %q, which does not match %q", what, c.Name, value, c.Value.Value)
	}
	return fmt.Sprintf("%s %s is %q, not %q", what, c.Name, value, c.Value.Value)
}

// near returns patterns that do not match name though they share its last two
// labels, those with most labels in common first.
func (m *Matcher[T]) near(name string) []string {
	tried := make(map[*host[T]]bool)
	var at cursor
	for h := m.next([]byte(name), &at); h != nil; h = m.next([]byte(name), &at) {
		tried[h] = true
	}
	type candidate struct {
		pattern string
		common  int
	}
	var found []candidate
	for _, h := range m.all {
		if n := commonLabels(h.pattern, name); n >= 2 && !tried[h] {
			found = append(found, candidate{h.pattern, n})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(-cmp.Compare(a.common, b.common), cmp.Compare(a.pattern, b.pattern))
	})
	var patterns []string
	for _, c := range found[:min(len(found), maxNear)] {
		patterns = append(patterns, c.pattern)
	}
	return patterns
}

// commonLabels counts the labels that two names have in common at their end.
func commonLabels(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	n := 0
	for n < len(as) && n < len(bs) && as[len(as)-1-n] == bs[len(bs)-1-n] {
		n++
	}
	return n
}
