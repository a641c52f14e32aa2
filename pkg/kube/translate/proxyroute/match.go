package proxyroute

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// match returns a condition, and false where a part of it is invalid: without
// the part it would match more than was meant.
func (t *translation) match(m *v1alpha1.Match, at resolve.Place) (ir.Match, bool) {
	before := t.Facts.Len()
	out := ir.Match{Method: m.Method, Path: t.path(m.Path, at.At(".path"))}
	for i, h := range m.Headers {
		field := at.At(".headers[" + strconv.Itoa(i) + "]")
		out.Headers = t.value(out.Headers, strings.ToLower(h.Name), h.Type, h.Value, field)
	}
	for i, q := range m.Query {
		out.Query = t.value(out.Query, q.Name, q.Type, q.Value, at.At(".query["+strconv.Itoa(i)+"]"))
	}
	slices.SortFunc(out.Headers, byName)
	slices.SortFunc(out.Query, byName)
	return out, t.Facts.Len() == before
}

func byName(a, b ir.ValueMatch) int { return cmp.Compare(a.Name, b.Name) }

// refuse reports a part of a match that makes the match as a whole useless.
func (t *translation) refuse(at resolve.Place, format string, args ...any) {
	t.Facts.Errorf(at.Origin, at.Field, report.Invalid, "%s, so the match is not served", fmt.Sprintf(format, args...))
}

func (t *translation) path(p *v1alpha1.PathMatch, at resolve.Place) ir.PathMatch {
	if p == nil {
		return ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}
	}
	switch p.Type {
	case v1alpha1.PathRegex:
		t.expression(p.Value, at.At(".value"))
		return ir.PathMatch{Kind: ir.PathRegex, Value: p.Value}
	case v1alpha1.PathExact, v1alpha1.PathPrefix, "":
	default:
		t.refuse(at.At(".type"), "the type %q is none of Exact, Prefix and Regex", p.Type)
	}
	switch {
	case !strings.HasPrefix(p.Value, "/"):
		t.refuse(at.At(".value"), "the path %q does not begin with %q", p.Value, "/")
	case strings.ContainsAny(p.Value, "?#"):
		t.refuse(at.At(".value"), "the path %q contains %q or %q", p.Value, "?", "#")
	}
	kind := ir.PathPrefix
	if p.Type == v1alpha1.PathExact {
		kind = ir.PathExact
	}
	return ir.PathMatch{Kind: kind, Value: p.Value}
}

// value adds a condition on a header or query parameter to a list.
func (t *translation) value(list []ir.ValueMatch, name string, kind v1alpha1.ValueMatchType, value *string, at resolve.Place) []ir.ValueMatch {
	out := ir.ValueMatch{Name: name}
	if name == "" {
		t.refuse(at.At(".name"), "the name is empty")
	}
	if slices.ContainsFunc(list, func(m ir.ValueMatch) bool { return m.Name == name }) {
		t.refuse(at.At(".name"), "there is another condition on %q", name)
	}
	switch {
	case kind == v1alpha1.ValuePresent:
		out.Kind = ir.ValuePresent
		if value != nil {
			t.refuse(at.At(".value"), "a condition of the type Present has no value")
		}
		return append(list, out)
	case value == nil:
		t.refuse(at.At(".value"), "the value is missing")
		return append(list, out)
	case kind == v1alpha1.ValueRegex:
		out.Kind = ir.ValueRegex
		t.expression(*value, at.At(".value"))
	case kind != v1alpha1.ValueExact && kind != "":
		t.refuse(at.At(".type"), "the type %q is none of Exact, Regex and Present", kind)
	}
	out.Value = *value
	return append(list, out)
}

// expression reports a regular expression that does not compile.
func (t *translation) expression(expression string, at resolve.Place) {
	if expression == "" {
		t.refuse(at, "the regular expression is empty")
		return
	}
	// By itself first: anchored, an expression such as "a)(b" would compile.
	_, err := regexp.Compile(expression)
	if err == nil {
		_, err = regexp.Compile("^(?:" + expression + ")$")
	}
	if err != nil {
		t.refuse(at, "%q is no regular expression: %s", expression, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
}
