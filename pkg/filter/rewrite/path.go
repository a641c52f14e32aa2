// Package rewrite holds the filters that change the URL of a request, redirect to a changed
// one, or change where the responses of endpoints lead.
//
// In comes an ir.RewriteURL, ir.Redirect or ir.RewriteResponse, checked once by the constructor; out
// comes a filter.RequestHead or filter.EndpointHead, which holds no state and may be called by any
// goroutine. What becomes of a path is normalised by who calls the filter.
package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// path is an ir.PathEdit, ready for use.
type path struct {
	kind          ir.PathEditKind
	prefix, value string
	expression    *regexp.Regexp
}

func newPath(spec ir.PathEdit) (path, error) {
	p := path{kind: spec.Kind, value: spec.Value}
	switch spec.Kind {
	case ir.PathKept:
		return p, nil
	case ir.PathReplaced:
		if !strings.HasPrefix(spec.Value, "/") {
			return p, fmt.Errorf(`the path %q does not begin with "/"`, spec.Value)
		}
	case ir.PrefixReplaced:
		// The route matched the normal form, whatever the spelling.
		prefix, err := match.NormalizePath([]byte(spec.Prefix), nil)
		if err != nil {
			return p, fmt.Errorf("the prefix %q is no path: %w", spec.Prefix, err)
		}
		p.prefix = strings.TrimSuffix(string(prefix), "/")
		p.value = strings.TrimSuffix(spec.Value, "/")
		if p.value != "" && p.value[0] != '/' {
			return p, fmt.Errorf(`the path %q does not begin with "/"`, spec.Value)
		}
	case ir.PathSubstituted:
		var err error
		if p.expression, err = regexp.Compile(spec.Prefix); err != nil {
			return p, fmt.Errorf("the expression of the path: %w", err)
		}
	default:
		return p, errors.New("the kind of the change of the path is unknown")
	}
	if strings.ContainsAny(spec.Value, "?#") {
		return p, fmt.Errorf(`the path %q holds "?" or "#"`, spec.Value)
	}
	return p, nil
}

// appendTo appends what becomes of a path that the route matched.
func (p *path) appendTo(dst, from []byte) []byte {
	switch p.kind {
	case ir.PathReplaced:
		return append(dst, p.value...)
	case ir.PrefixReplaced:
		if rest, ok := bytes.CutPrefix(from, []byte(p.prefix)); ok && (len(rest) == 0 || rest[0] == '/') {
			from = rest
			dst = append(dst, p.value...)
		}
		if len(from) == 0 && p.value == "" {
			return append(dst, '/')
		}
	case ir.PathSubstituted:
		return p.substitute(dst, from)
	case ir.PathKept:
	}
	return append(dst, from...)
}

// substitute replaces the first match of the expression.
func (p *path) substitute(dst, from []byte) []byte {
	found := p.expression.FindSubmatchIndex(from)
	if found == nil {
		return append(dst, from...)
	}
	start := len(dst)
	dst = append(dst, from[:found[0]]...)
	dst = p.expression.Expand(dst, []byte(p.value), from, found)
	dst = append(dst, from[found[1]:]...)
	if len(dst) == start || dst[start] != '/' {
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = '/'
	}
	return dst
}
