package match

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Partials is an index of host patterns with a partial label: "*" stands for one
// character or more of the first label, beside other characters, as in
// "cdn-*.example.com". The zero value is empty. Once filled it is read only,
// from any goroutine.
type Partials[T any] struct {
	// below are the patterns by what stands behind the first dot, in the order of comparePartial.
	below map[string][]partial[T]
}

// partial is one pattern: what stands before and behind "*" in the first label.
type partial[T any] struct {
	before, after string
	value         T
}

var errPartial = errors.New(`is no pattern with a partial label: want one "*" beside other characters of the first label, and a name behind it`)

// IsPartial tells whether a host pattern has a partial label, if it is a pattern at all.
func IsPartial(pattern string) bool {
	label, _, _ := strings.Cut(pattern, ".")
	return len(label) > 1 && label != "**" && strings.Contains(label, "*")
}

// Add enters a pattern, once.
func (p *Partials[T]) Add(pattern string, value T) error {
	label, parent, found := strings.Cut(pattern, ".")
	before, after, star := strings.Cut(label, "*")
	// With a character in its place the pattern has to be a name.
	name := before + "x" + after + "." + parent
	normal, err := NormalizeHost([]byte(name), nil)
	if !found || !star || before+after == "" || err != nil || string(normal) != name {
		return errPartial
	}
	if p.below == nil {
		p.below = make(map[string][]partial[T])
	}
	entry := partial[T]{before: before, after: after, value: value}
	list := p.below[parent]
	i, there := slices.BinarySearchFunc(list, entry, comparePartial)
	if there {
		return nil
	}
	p.below[parent] = slices.Insert(list, i, entry)
	return nil
}

// comparePartial orders patterns below one name from the most to the least
// specific: those with more characters first, of these those with more of them
// before "*", then by the text.
func comparePartial[T any](a, b partial[T]) int {
	return cmp.Or(
		cmp.Compare(len(b.before)+len(b.after), len(a.before)+len(a.after)),
		cmp.Compare(len(b.before), len(a.before)),
		cmp.Compare(a.before, b.before),
		cmp.Compare(a.after, b.after),
	)
}

// Get returns what a pattern was entered with.
func (p *Partials[T]) Get(pattern string) (value T, found bool) {
	label, parent, _ := strings.Cut(pattern, ".")
	before, after, _ := strings.Cut(label, "*")
	list := p.below[parent]
	if i, there := slices.BinarySearchFunc(list, partial[T]{before: before, after: after}, comparePartial); there {
		return list[i].value, true
	}
	return value, false
}

// Find returns the first match of a name in lower case among the patterns from
// the one numbered from, and the number of the next: calls with from 0 and then
// next visit all matches, the most specific first.
func (p *Partials[T]) Find(name []byte, from int) (value T, next int, found bool) {
	dot := bytes.IndexByte(name, '.')
	if len(p.below) == 0 || dot < 0 {
		return value, from, false
	}
	label, list := name[:dot], p.below[string(name[dot+1:])]
	for i := from; i < len(list); i++ {
		e := &list[i]
		if len(label) > len(e.before)+len(e.after) && string(label[:len(e.before)]) == e.before && string(label[len(label)-len(e.after):]) == e.after {
			return e.value, i + 1, true
		}
	}
	return value, len(list), false
}
