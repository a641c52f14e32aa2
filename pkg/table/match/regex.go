package match

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// regex is an RE2 expression over a whole value. It is parsed at once, so that
// faults are known, but compiled when it is used first: of thousands of
// expressions, most are not used between two changes, and each takes some 10 KiB.
type regex struct {
	anchored string
	// prefix is what everything that matches begins with.
	prefix string
	made   atomic.Pointer[regexp.Regexp]
}

// match says whether the expression matches all of b.
func (r *regex) match(b []byte) bool {
	re := r.made.Load()
	if re == nil {
		// parse has accepted the text, and nothing but parsing can fail.
		re = regexp.MustCompile(r.anchored)
		r.made.Store(re)
	}
	return re.Match(b)
}

// maxRegexSize bounds an expression's instructions. The time of a match is the
// product of the expression's size and the text's, so that without a bound one
// route with "(.{500}){2}" could keep a processor busy for all others.
const maxRegexSize = 4096

// regexes makes each expression once, however many routes share it.
type regexes map[string]*regex

// parse anchors expr at both ends. It is parsed by itself first, so that
// one such as "a)|(b" cannot break out of the anchors, and again as it will be
// compiled, since the anchors may be what makes it too big.
func (s regexes) parse(expr string) (*regex, error) {
	if r, ok := s[expr]; ok {
		return r, nil
	}
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if n := sizeOf(parsed); n > maxRegexSize {
		return nil, fmt.Errorf("the expression is too big: about %d instructions, %d are allowed", n, maxRegexSize)
	}
	anchored := `\A(?:` + expr + `)\z`
	if _, err := syntax.Parse(anchored, syntax.Perl); err != nil {
		return nil, err
	}
	prefix, _ := prefixOf(parsed)
	r := &regex{anchored: anchored, prefix: prefix}
	s[expr] = r
	return r, nil
}

// sizeOf returns about as many instructions as re compiles to. The parser's own
// limits keep it from overflowing.
func sizeOf(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += sizeOf(sub)
	}
	if re.Op == syntax.OpRepeat {
		// {n,} repeats n times and once more for the loop.
		n *= max(re.Min+1, re.Max)
	}
	return n
}

// prefixOf returns the literal beginning of what re matches, and whether that
// is all that re matches, so that what follows re continues it.
func prefixOf(re *syntax.Regexp) (prefix string, whole bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine, syntax.OpEndText, syntax.OpEndLine:
		return "", true
	case syntax.OpLiteral:
		return literalOf(re)
	case syntax.OpCapture:
		return prefixOf(re.Sub[0])
	case syntax.OpPlus:
		prefix, _ := prefixOf(re.Sub[0])
		return prefix, false
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			s, whole := prefixOf(sub)
			b.WriteString(s)
			if !whole {
				return b.String(), false
			}
		}
		return b.String(), true
	}
	return "", false
}

// literalOf stops at U+FFFD, as which the regexp package reads any byte that is
// no UTF-8.
func literalOf(re *syntax.Regexp) (string, bool) {
	if re.Flags&syntax.FoldCase != 0 {
		return "", false
	}
	s := string(re.Rune)
	if i := strings.IndexRune(s, utf8.RuneError); i >= 0 {
		return s[:i], false
	}
	return s, true
}
