package ingress

import (
	"fmt"
	"regexp/syntax"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// usesRegex says whether the annotations of an Ingress make all paths of its hosts, those of
// other Ingresses too, regular expressions: use-regex does, and rewrite-target.
func usesRegex(object *networkingv1.Ingress) bool {
	value := func(short string) string {
		for _, prefix := range []string{Prefix, NginxPrefix} {
			if v := strings.TrimSpace(object.Annotations[prefix+short]); v != "" {
				return v
			}
		}
		return ""
	}
	if v := value("use-regex"); v == "true" || v == "1" || v == "t" || v == "T" || v == "True" || v == "TRUE" {
		return true
	}
	target := value("rewrite-target")
	if target == "" {
		return false
	}
	for i := range object.Spec.Rules {
		if http := object.Spec.Rules[i].HTTP; http != nil {
			for j := range http.Paths {
				if http.Paths[j].Path != target {
					return true
				}
			}
		}
	}
	return false
}

// pathExpression returns the condition of a path that ingress-nginx takes for an expression: the
// request's path begins with it, in whichever case, be it of the type Exact or not. For one that
// is none in RE2, problem says why, and the condition is of all that it could match.
func pathExpression(path string) (match ir.PathMatch, problem string) {
	if path == "" {
		path = "/"
	}
	match.Kind = ir.PathRegex
	if _, err := syntax.Parse(path, syntax.Perl); err != nil {
		prefix := literalPrefix(path)
		match.Value = "(?is)" + quoteMeta(prefix) + ".*"
		return match, fmt.Sprintf("the path %q is no expression that Sluice knows (RE2): %v", path, err)
	}
	match.Value = "(?is)" + path + ".*"
	if alternates(path) {
		// As in ingress-nginx, where the beginning counts for the first choice alone.
		match.Value = "(?is).*?(?:^" + path + ").*"
	}
	return match, ""
}

// rewriteExpression returns an expression that matches the whole of a path, with the captures
// that the path's own has.
func rewriteExpression(path string) string { return "(?is)^.*?(?:" + path + ").*$" }

const metaCharacters = `\.+*?()|[]{}^$`

func quoteMeta(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte(metaCharacters, c) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// literalPrefix returns what everything begins with that an expression matches, or less.
func literalPrefix(path string) string {
	end := strings.IndexAny(path, metaCharacters)
	switch {
	case strings.Contains(path, "|"):
		return "/"
	case end < 0:
		return path
	case strings.IndexByte("?*{", path[end]) >= 0:
		end-- // The character before may be missing.
	}
	return path[:max(end, 1)]
}

// alternates says whether an expression is a choice as a whole.
func alternates(path string) bool {
	depth, class := 0, false
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
			if strings.HasPrefix(path[i+1:], "]") || strings.HasPrefix(path[i+1:], "^]") {
				i += strings.IndexByte(path[i:], ']')
			}
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			return true
		}
	}
	return false
}
