package match

// maxVersion bounds the length of a version that is looked at.
const maxVersion = 128

// Versions is a set of versions, each with a payload. It never changes.
type Versions[T any] struct{ exact map[string]T }

// NewVersions returns the set of a map, which it keeps.
func NewVersions[T any](exact map[string]T) Versions[T] { return Versions[T]{exact} }

// Find returns the payload of the longest version that is wanted as a whole, or up to
// one of ".", "-" and "+" in it: "2" is found for 2, 2.0 and 2.1.1-beta, never
// for 20. It does not allocate, and looks at a version of more than 128 bytes not at all.
func (v Versions[T]) Find(wanted []byte) (payload T, ok bool) {
	if len(wanted) > maxVersion {
		return payload, false
	}
	for end := len(wanted); end > 0; end-- {
		if end < len(wanted) && !separates(wanted[end]) {
			continue
		}
		if payload, ok = v.exact[string(wanted[:end])]; ok {
			return payload, true
		}
	}
	return payload, false
}

// separates says whether a version may end before c.
func separates(c byte) bool { return c == '.' || c == '-' || c == '+' }
