package ir

import "strconv"

// Versioning chooses among the backends of a Forward by the version that a
// request names, before their weights do. The zero value does not.
//
// A backend of version "2" serves requests for 2, 2.0 and 2.1.1-beta, and never
// for 20: its version is that of the request up to the end, or up to one of
// ".", "-" and "+". Of several the longest serves; backends of equal version
// share by weight.
type Versioning struct {
	// Source is the part of the request that names the version.
	Source VersionSource
	// Name is the header field in lower case, the query parameter or the cookie;
	// empty for VersionPath.
	Name string
	// Segment is which part of the path between slashes it is for VersionPath,
	// counted from 1; else 0.
	Segment int
	// Default is the version of a request that names none; empty where it has none.
	Default string
	// NoMatch says what becomes of a request whose version no backend has.
	NoMatch VersionNoMatch
	// Tell is the field of the response that says which backend's version served;
	// empty for none.
	Tell string
}

// VersionSource is a part of a request that names a version.
type VersionSource uint8

const (
	// VersionNone means that requests name no version.
	VersionNone VersionSource = iota
	// VersionHeader is a header field, of which the first line counts.
	VersionHeader
	// VersionQuery is a query parameter, of which the first counts.
	VersionQuery
	// VersionCookie is a cookie, of which the first counts.
	VersionCookie
	// VersionPath is one part of the path.
	VersionPath
)

// String returns the source as users write it.
func (s VersionSource) String() string {
	switch s {
	case VersionNone:
		return "none"
	case VersionHeader:
		return "Header"
	case VersionQuery:
		return "Query"
	case VersionCookie:
		return "Cookie"
	case VersionPath:
		return "Path"
	}
	return "source(" + strconv.Itoa(int(s)) + ")"
}

// VersionNoMatch is what becomes of a request whose version no backend has.
type VersionNoMatch uint8

const (
	// NoMatchDefault serves it as one that asks for Versioning.Default.
	NoMatchDefault VersionNoMatch = iota
	// NoMatchReject answers it with 400 and the versions that are served.
	NoMatchReject
	// NoMatchAny serves it by any backend, by weight.
	NoMatchAny
)

// String returns the word as users write it.
func (n VersionNoMatch) String() string {
	switch n {
	case NoMatchDefault:
		return "Default"
	case NoMatchReject:
		return "Reject"
	case NoMatchAny:
		return "Any"
	}
	return "no-match(" + strconv.Itoa(int(n)) + ")"
}

// words returns the words of a dump, none for the zero value.
func (v Versioning) words() []string {
	if v == (Versioning{}) {
		return nil
	}
	words := []string{"by", v.Source.String()}
	if v.Name != "" {
		words = append(words, quote(v.Name))
	}
	if v.Segment != 0 {
		words = append(words, "segment="+strconv.Itoa(v.Segment))
	}
	if v.Default != "" {
		words = append(words, "default="+quote(v.Default))
	}
	words = append(words, "no-match="+v.NoMatch.String())
	if v.Tell != "" {
		words = append(words, "tell="+quote(v.Tell))
	}
	return words
}

func (v *validator) versioning(f *Forward) {
	spec := f.Versioning
	if spec == (Versioning{}) {
		for _, b := range f.Backends {
			v.check(b.Version == "", "a backend has a version, though requests name none")
		}
		return
	}
	v.check(spec.Source > VersionNone && spec.Source <= VersionPath, "the source of the version is unknown")
	v.check((spec.Name == "") == (spec.Source == VersionPath), "the name of what holds the version is missing, or there without need")
	v.check((spec.Segment > 0) == (spec.Source == VersionPath), "the part of the path that is the version is missing, or there without need")
	v.check(spec.NoMatch <= NoMatchAny, "what becomes of an unknown version is unknown")
	v.check(spec.NoMatch != NoMatchDefault || spec.Default != "", "there is no default version to fall back to")
	for _, b := range f.Backends {
		v.check(b.Version != "", "a backend has no version, though requests name one")
	}
}
