package ingress

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// location is what a canary and the path that it is a second back end of have in common. Other
// than in ingress-nginx the namespace is part of it: nobody takes the requests of others away.
type location struct {
	namespace, host, path string
	kind                  networkingv1.PathType
}

func locate(namespace, host string, path *networkingv1.HTTPIngressPath) location {
	l := location{namespace: namespace, host: strings.ToLower(host), path: path.Path}
	if path.PathType != nil {
		l.kind = *path.PathType
	}
	return l
}

// canary is a second back end of a path.
type canary struct {
	from    *translation
	field   string
	backend *networkingv1.IngressBackend
	rule    *canaryRule
	// taken says that a path has it.
	taken bool
}

// canaryRule says which requests a canary gets.
type canaryRule struct {
	header, value, pattern, cookie string
	weight, total                  int
}

// isCanary says whether an Ingress is only a part of others.
func (t *translation) isCanary() bool { return t.flag("canary", false) }

// readCanary reads canary-*. An expression that cannot be used leaves the header out.
func (t *translation) readCanary() *canaryRule {
	rule := &canaryRule{total: 100}
	_, rule.header = t.text("canary-by-header")
	_, rule.value = t.text("canary-by-header-value")
	_, rule.cookie = t.text("canary-by-cookie")
	if at, pattern := t.text("canary-by-header-pattern"); pattern != "" && rule.value == "" {
		rule.pattern = pattern
		if _, err := syntax.Parse(pattern, syntax.Perl); err != nil {
			t.Facts.Errorf(t.origin, at.Field, report.Invalid, "%q is no expression (RE2), so the canary gets no request: %v", pattern, err)
			return &canaryRule{total: 100}
		}
	}
	if at, _ := t.text("canary-by-header"); rule.header != "" && (!fieldName.MatchString(rule.header) || ir.ManagedHeader(strings.ToLower(rule.header))) {
		t.Facts.Errorf(t.origin, at.Field, report.Invalid, "%q is no header field that a request can be told by, so the canary gets no request by it", rule.header)
		rule.header = ""
	}
	if n, said := t.number("canary-weight-total", 1, 1_000_000); said {
		rule.total = max(n, 100)
	}
	if n, said := t.number("canary-weight", 0, 1_000_000); said {
		rule.weight = min(n, rule.total)
	}
	return rule
}

var fieldName = regexp.MustCompile("^[-A-Za-z0-9_]+$")

// canaries adds the paths of an Ingress that is a canary, so that those that they belong to find them.
func (t *translation) canaries(into map[location]*canary) {
	rule := t.readCanary()
	for i := range t.object.Spec.Rules {
		written := &t.object.Spec.Rules[i]
		if written.HTTP == nil {
			continue
		}
		for j := range written.HTTP.Paths {
			path := &written.HTTP.Paths[j]
			field := "spec.rules[" + strconv.Itoa(i) + "].http.paths[" + strconv.Itoa(j) + "]"
			at := locate(t.object.Namespace, written.Host, path)
			if first := into[at]; first != nil {
				t.Facts.Errorf(t.origin, field, report.Conflict, "the path has a canary, of %s (%s), so this one gets no request", first.from.origin, first.field)
				continue
			}
			into[at] = &canary{from: t, field: field, backend: &path.Backend, rule: rule}
		}
	}
}

// addCanary adds, before the route of a path, those by which its canary gets requests, and
// lets the route share the others by weight. The order is that of ingress-nginx: header, cookie, weight.
func (t *translation) addCanary(route draft, c *canary, sticky ir.Sticky) {
	c.taken = true
	forward, ok := route.Action.(*ir.Forward)
	second := t.share(c.backend, c.from.at(c.field+".backend").Otherwise("the canary gets no request"))
	if !ok || second.Upstream == "" || len(forward.Backends) != 1 {
		t.add(route)
		return
	}
	source := ir.Source{Setting: "canary", Origin: c.from.origin, Field: c.field}
	first := forward.Backends[0]
	chosen := func(name string, match ir.ValueMatch, share ir.WeightedUpstream) {
		one := route
		one.ID += "/" + name
		one.Match.Headers = []ir.ValueMatch{match}
		one.Action = &ir.Forward{Backends: []ir.WeightedUpstream{share}, Sticky: sticky}
		one.Sources = []ir.Source{source}
		t.add(one)
	}
	header := strings.ToLower(c.rule.header)
	switch {
	case header == "":
	case c.rule.value != "":
		chosen("canary-header", ir.ValueMatch{Name: header, Kind: ir.ValueExact, Value: c.rule.value}, second)
	case c.rule.pattern != "":
		chosen("canary-header", ir.ValueMatch{Name: header, Kind: ir.ValueRegex, Value: "(?s).*?(?:" + c.rule.pattern + ").*"}, second)
	default:
		chosen("canary-always", ir.ValueMatch{Name: header, Kind: ir.ValueExact, Value: "always"}, second)
		chosen("canary-never", ir.ValueMatch{Name: header, Kind: ir.ValueExact, Value: "never"}, first)
	}
	if c.rule.cookie != "" {
		chosen("canary-cookie-always", cookieMatch(c.rule.cookie, "always"), second)
		chosen("canary-cookie-never", cookieMatch(c.rule.cookie, "never"), first)
	}
	if c.rule.weight > 0 {
		first.Weight, second.Weight = c.rule.total-c.rule.weight, c.rule.weight
		route.Action = &ir.Forward{Backends: []ir.WeightedUpstream{first, second}, Sticky: sticky}
		route.Sources = []ir.Source{source}
	}
	t.add(route)
}

// cookieMatch is a condition on one of a request's cookies.
func cookieMatch(name, value string) ir.ValueMatch {
	return ir.ValueMatch{
		Name: "cookie", Kind: ir.ValueRegex,
		Value: `(?s)(?:.*[;,])?\s*` + regexp.QuoteMeta(name) + `=` + regexp.QuoteMeta(value) + `\s*(?:[;,].*)?`,
	}
}

// reportAlone tells of canaries that belong to no path.
func reportAlone(canaries map[location]*canary) {
	for _, c := range canaries {
		if !c.taken {
			c.from.Facts.Warnf(c.from.origin, c.field, report.Invalid, "no other Ingress of the namespace has this host and path with this pathType, so the canary gets no request")
		}
	}
}
