package translate

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// reportClaims warns of routes that tell clients apart, or edit headers, by claims of tokens that none of
// their filters verifies: no claim counts then. So it does of those that send on a version before it is known. The
// warning is for the object that says so, which may be a policy.
func reportClaims(config *ir.Config, facts *report.Set) {
	verifies := func(f ir.Filter) bool { _, ok := f.(*ir.JWT); return ok }
	for i := range config.RouteSets {
		for j := range config.RouteSets[i].Hosts {
			for k := range config.RouteSets[i].Hosts[j].Routes {
				r := &config.RouteSets[i].Hosts[j].Routes[k]
				c := claims{r, facts}
				c.version()
				if !slices.ContainsFunc(r.Filters, verifies) {
					c.limits()
					c.filters()
				}
			}
		}
	}
}

// claims are what is reported of a route: the claims that it names without a filter JWT, and versions.
type claims struct {
	route *ir.Route
	facts *report.Set
}

// warn warns of a claim that an object names at a field.
func (c claims) warn(origin report.Origin, field, claim, so string) {
	route, _, _ := strings.Cut(c.route.Field, ".matches[")
	if origin != c.route.Origin {
		route = c.route.Origin.String() + " (" + route + ")"
	}
	c.facts.Warnf(origin, field, report.Unsupported, "no filter JWT of %s verifies tokens, so the claim %q is never there and %s", route, claim, so)
}

// source returns where a setting of the route is written.
func (c claims) source(setting string) (report.Origin, string) {
	for _, s := range c.route.Sources {
		if s.Setting == setting {
			return s.Origin, s.Field
		}
	}
	route, _, _ := strings.Cut(c.route.Field, ".matches[")
	return c.route.Origin, route + "." + setting
}

const (
	allOne  = "all requests are one client's"
	isEmpty = "its value is empty"
)

// askedClaim finds the claims that an expression asks for by name.
var askedClaim = regexp.MustCompile(`request\s*\.\s*claim\s*\(\s*(?:"([^"]*)"|'([^']*)')`)

func (c claims) limits() {
	q := &c.route.Limits.Queue
	if q.FairClaim == "" && q.PriorityExpression == "" {
		return
	}
	origin, field := c.source("limits")
	if q.FairClaim != "" {
		c.warn(origin, field+".queue.fairBy", q.FairClaim, allOne)
	}
	for _, found := range askedClaim.FindAllStringSubmatch(q.PriorityExpression, -1) {
		c.warn(origin, field+".queue.priority.expression", found[1]+found[2], isEmpty)
	}
}

func (c claims) filters() {
	for _, f := range c.route.Filters {
		switch f := f.(type) {
		case *ir.RateLimit:
			// The key is KIND/NAMESPACE/NAME/FIELD of the object that has the filter.
			if key := strings.SplitN(f.Key, "/", 4); f.Claim != "" && len(key) == 4 {
				c.warn(report.Origin{Kind: kindOfKey(key[0]), Namespace: key[1], Name: key[2]}, key[3]+".claim", f.Claim, allOne)
			}
		case *ir.ModifyRequestHeader:
			c.header(&f.Edit)
		case *ir.ModifyResponseHeader:
			c.header(&f.Edit)
		}
	}
}

// version warns of filters that send the version of the back end to it, but act before it is chosen.
func (c claims) version() {
	for _, f := range c.route.Filters {
		edit, ok := f.(*ir.ModifyRequestHeader)
		if !ok {
			continue
		}
		for _, field := range slices.Concat(edit.Edit.Set, edit.Edit.Add) {
			if slices.Contains(variables(field.Value), "version") {
				origin, place := c.source("filters")
				c.facts.Warnf(origin, place, report.Unsupported,
					"the header %s has {version}, which is empty for requests here: the version is known to the filters of its back end, and to those of responses", field.Name)
			}
		}
	}
}

// kindOfKey returns the kind that the key of a rate limit begins with.
func kindOfKey(word string) string {
	if word == "proxypolicy" {
		return "ProxyPolicy"
	}
	return "ProxyRoute"
}

func (c claims) header(edit *ir.HeaderEdit) {
	for _, field := range slices.Concat(edit.Set, edit.Add) {
		for _, name := range variables(field.Value) {
			if claim, ok := strings.CutPrefix(name, "claim."); ok {
				origin, place := c.source("filters")
				c.warn(origin, place, claim, isEmpty)
			}
		}
	}
}

// variables returns the names in the braces of a text, in their order.
func variables(text ir.Text) (names []string) {
	for rest := strings.ReplaceAll(string(text), "{{", ""); ; {
		_, behind, opened := strings.Cut(rest, "{")
		name, more, closed := strings.Cut(behind, "}")
		if !opened || !closed {
			return names
		}
		names, rest = append(names, name), more
	}
}
