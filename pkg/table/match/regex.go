package match

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// compiler makes each expression once, however many routes share it.
type compiler map[string]*regexp.Regexp

// compile returns expr anchored at both ends. It is parsed by itself first, so
// that one such as "a)|(b" cannot break out of the anchors.
func (c compiler) compile(expr string) (*regexp.Regexp, error) {
	if re, ok := c[expr]; ok {
		return re, nil
	}
	if _, err := syntax.Parse(expr, syntax.Perl); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(`\A(?:` + expr + `)\z`)
	if err != nil {
		return nil, err
	}
	c[expr] = re
	return re, nil
}

// literalPrefix returns bytes with which everything that expr matches begins.
// expr has been compiled.
func literalPrefix(expr string) string {
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return ""
	}
	prefix, _ := prefixOf(parsed.Simplify())
	return prefix
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
