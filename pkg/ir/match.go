package ir

import (
	"cmp"
	"strings"
)

// PathKind says how a path is compared.
type PathKind uint8

const (
	// PathPrefix matches whole path elements: "/a" matches /a and /a/b, not
	// /ab. A final "/" in the value makes no difference. "/" matches every path.
	PathPrefix PathKind = iota
	// PathExact matches the path byte by byte; a final "/" counts.
	PathExact
	// PathRegex matches an RE2 expression against the whole path
	// (anchored at both ends).
	PathRegex
)

// String returns the kind as the Gateway API writes it.
func (k PathKind) String() string {
	switch k {
	case PathPrefix:
		return "PathPrefix"
	case PathExact:
		return "Exact"
	case PathRegex:
		return "RegularExpression"
	}
	return "unknown"
}

// PathMatch is a condition on the request's normalised path, as
// match.NormalizePath returns it: letters, digits and -._~ are plain, everything else
// that a path may not hold plainly is percent-encoded with upper-case digits ("%20"), an
// encoded "/" stays "%2F", and there are no dot segments.
type PathMatch struct {
	Kind PathKind
	// Value begins with "/", except for PathRegex. PathExact and PathPrefix may
	// be in any spelling; an expression sees the normalised path.
	Value string
}

// ValueKind says how the value of a header or query parameter is compared.
type ValueKind uint8

const (
	// ValueExact compares byte by byte.
	ValueExact ValueKind = iota
	// ValueRegex matches an RE2 expression against the whole value.
	ValueRegex
	// ValuePresent asks only that the header or parameter is there.
	ValuePresent
)

// ValueMatch is a condition on one header or one query parameter.
type ValueMatch struct {
	// Name is in lower case for headers; as written for query parameters.
	Name string
	Kind ValueKind
	// Value is empty for ValuePresent.
	Value string
}

// Match is a conjunction; its zero value apart from Path matches every request.
type Match struct {
	Path PathMatch
	// Method is empty for any.
	Method string
	// Headers are sorted by Name, each name once. Of a header with several
	// lines the values are joined by "," (RFC 9110 section 5.3).
	Headers []ValueMatch
	// Query is sorted by Name, each name once. The first value of a parameter counts.
	Query []ValueMatch
}

// CompareMatches orders matches from the most to the least specific, as the
// Gateway API asks for (HTTPRouteRule.matches): an exact path, then a regular
// expression, then a prefix; of two the longer one; then one with a method;
// then the one with more headers; then the one with more query parameters.
// It returns 0 for matches of the same rank, which need not be equal.
func CompareMatches(a, b Match) int {
	return cmp.Or(
		cmp.Compare(pathRank(a.Path.Kind), pathRank(b.Path.Kind)),
		-cmp.Compare(pathLength(a.Path), pathLength(b.Path)),
		-cmp.Compare(min(len(a.Method), 1), min(len(b.Method), 1)),
		-cmp.Compare(len(a.Headers), len(b.Headers)),
		-cmp.Compare(len(a.Query), len(b.Query)),
	)
}

func pathRank(k PathKind) int {
	switch k {
	case PathExact:
		return 0
	case PathRegex:
		return 1
	default:
		return 2
	}
}

// pathLength leaves out the final slash of a prefix, since it makes no difference there.
func pathLength(p PathMatch) int {
	if p.Kind == PathPrefix {
		return len(strings.TrimSuffix(p.Value, "/"))
	}
	return len(p.Value)
}
