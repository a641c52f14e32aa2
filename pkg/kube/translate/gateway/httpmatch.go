package gateway

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// httpMatch returns a condition, and false where a part of it makes no sense:
// without the part it would match more than was meant.
func (b *ruleBuilder) httpMatch(m *gatewayv1.HTTPRouteMatch, at resolve.Place) (ir.Match, bool) {
	out := ir.Match{Method: string(deref(m.Method, ""))}
	path, ok := b.httpPath(m.Path, at.At(".path"))
	out.Path = path
	for i, h := range m.Headers {
		field := at.At(".headers" + index(i))
		kind := string(deref(h.Type, gatewayv1.HeaderMatchExact))
		ok = b.value(&out.Headers, strings.ToLower(string(h.Name)), kind, h.Value, field) && ok
	}
	for i, q := range m.QueryParams {
		field := at.At(".queryParams" + index(i))
		kind := string(deref(q.Type, gatewayv1.QueryParamMatchExact))
		ok = b.value(&out.Query, string(q.Name), kind, q.Value, field) && ok
	}
	sortValues(out.Headers)
	sortValues(out.Query)
	return out, ok
}

func sortValues(list []ir.ValueMatch) {
	slices.SortFunc(list, func(a, b ir.ValueMatch) int { return cmp.Compare(a.Name, b.Name) })
}

func (b *ruleBuilder) httpPath(p *gatewayv1.HTTPPathMatch, at resolve.Place) (ir.PathMatch, bool) {
	out := ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}
	if p == nil {
		return out, true
	}
	out.Value = deref(p.Value, "/")
	switch kind := deref(p.Type, gatewayv1.PathMatchPathPrefix); kind {
	case gatewayv1.PathMatchPathPrefix:
	case gatewayv1.PathMatchExact:
		out.Kind = ir.PathExact
	case gatewayv1.PathMatchRegularExpression:
		out.Kind = ir.PathRegex
		return out, b.expression(out.Value, at.At(".value"))
	default:
		b.drop(at.At(".type"), report.Unsupported, fmt.Sprintf("the type %q is none of Exact, PathPrefix and RegularExpression", kind))
		return out, false
	}
	if !strings.HasPrefix(out.Value, "/") {
		b.drop(at.At(".value"), report.Unsupported, fmt.Sprintf("the path %q does not begin with %q", out.Value, "/"))
		return out, false
	}
	for _, part := range []string{"//", "/./", "/../", "%2f", "%2F", "#", "?"} {
		if strings.Contains(out.Value, part) {
			b.drop(at.At(".value"), report.Unsupported, fmt.Sprintf("the path %q contains %q", out.Value, part))
			return out, false
		}
	}
	return out, true
}

// value adds a condition on a header or query parameter to a list. Of several with one
// name only the first counts (HTTPRouteMatch).
func (b *ruleBuilder) value(list *[]ir.ValueMatch, name, kind, value string, at resolve.Place) bool {
	if slices.ContainsFunc(*list, func(m ir.ValueMatch) bool { return m.Name == name }) {
		b.Facts.Warnf(at.Origin, at.Field+".name", report.Invalid, "another condition on %q stands before this one, which does not count", name)
		return true
	}
	out := ir.ValueMatch{Name: name, Kind: ir.ValueExact, Value: value}
	switch kind {
	case "Exact":
	case "RegularExpression":
		out.Kind = ir.ValueRegex
		if !b.expression(value, at.At(".value")) {
			return false
		}
	default:
		b.drop(at.At(".type"), report.Unsupported, fmt.Sprintf("the type %q is neither Exact nor RegularExpression", kind))
		return false
	}
	if name == "" {
		b.drop(at.At(".name"), report.Unsupported, "the name is empty")
		return false
	}
	*list = append(*list, out)
	return true
}

// expression reports a regular expression that RE2 refuses.
func (b *ruleBuilder) expression(expression string, at resolve.Place) bool {
	// By itself first: anchored, an expression such as "a)(b" would compile.
	_, err := regexp.Compile(expression)
	if err == nil {
		_, err = regexp.Compile("^(?:" + expression + ")$")
	}
	switch {
	case expression == "":
		b.drop(at, report.Unsupported, "the regular expression is empty")
	case err != nil:
		b.drop(at, report.Unsupported, fmt.Sprintf("%q is no regular expression: %s", expression, strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
	default:
		return true
	}
	return false
}
