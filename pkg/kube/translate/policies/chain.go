package policies

import (
	"reflect"
	"slices"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/translate/settings"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Chain is the policies for a route or a back end, the most specific first.
type Chain struct {
	set  *Set
	list []*Policy
}

// Empty reports whether there is none.
func (c Chain) Empty() bool { return len(c.list) == 0 }

// Behind returns the chain with a policy in front of all others.
func (c Chain) Behind(p *Policy) Chain {
	return Chain{c.set, append([]*Policy{p}, c.list...)}
}

// Before returns the chain with that of something less specific behind it.
func (c Chain) Before(d Chain) Chain {
	if d.Empty() {
		return c
	}
	return Chain{c.set, slices.Concat(c.list, d.list)}
}

// Sources returns the parts of the policies that have settings.
func (c Chain) Sources() []settings.Source {
	sources := make([]settings.Source, 0, len(c.list))
	for _, p := range c.list {
		sources = append(sources, settings.Source{Settings: &p.object.Spec.Settings, At: p.at("spec")})
	}
	return sources
}

// Reader reads the settings of the policies.
func (c Chain) Reader() *settings.Reader {
	return &settings.Reader{Resolver: c.set.Resolver, Sources: c.Sources()}
}

// Apply sets what the policies say of a route, apart from its filters and back ends: its timeouts,
// retries and limits, with where they come from. Where they cannot be, it returns why; then
// the route must not serve. The id, such as that of the route, is what limits bound.
func (c Chain) Apply(route *ir.Route, id string) (broken string) {
	if c.Empty() {
		return ""
	}
	r := c.Reader()
	route.Timeouts, route.Retry, route.BufferResponse = r.Timeouts(), r.Retry(), r.BufferResponse()
	limits, sound := r.Limits(id)
	if !sound {
		return "the limits of a ProxyPolicy for the route are invalid"
	}
	if at, found := r.From("limits"); found {
		// Policies of several Gateways may bound one rule, each by its own.
		limits.Key += "@" + policyID(at.Origin)
	}
	route.Limits = limits
	for _, name := range []string{"timeouts.connect", "timeouts.request", "timeouts.backendRequest", "timeouts.idle", "timeouts.tunnelIdle", "retry", "bufferResponse", "limits"} {
		note(&route.Sources, r, name, name)
	}
	return ""
}

// note notes that a setting comes from a policy, where it does, under a name for people.
func note(to *[]ir.Source, r *settings.Reader, setting, name string) {
	if at, found := r.From(setting); found && at.Origin.Kind == Kind {
		*to = append(slices.Clip(*to), ir.Source{Setting: name, Origin: at.Origin, Field: at.Field})
	}
}

// Versioning returns the settings of the policies where one of them says how versions are
// told apart, and notes it.
func (c Chain) Versioning(route *ir.Route) (*settings.Reader, bool) {
	r := c.Reader()
	_, found := r.From("versioning")
	note(&route.Sources, r, "versioning", "versioning")
	return r, found
}

func policyID(o report.Origin) string { return "proxypolicy/" + o.Namespace + "/" + o.Name }

// Filter adds the filters of the policies to those that a route has itself: of each type
// those of the most specific that has any. Where one of them cannot be used, it returns why;
// then the route must not serve.
func (c Chain) Filter(route *ir.Route) (broken string) {
	type kind = reflect.Type
	taken := make(map[kind]bool)
	for _, f := range route.Filters {
		taken[reflect.TypeOf(f)] = true
	}
	all := slices.Clone(route.Filters)
	for _, p := range c.list {
		list, sound := c.set.Filters(p)
		if !sound {
			return "a filter of " + p.origin.String() + " is invalid"
		}
		list, ok := settings.FiltersForMatch(list, &route.Match)
		if !ok {
			return "a filter of " + p.origin.String() + " replaces a prefix, and the match has none"
		}
		own := make(map[kind]bool)
		for _, f := range list {
			if t := reflect.TypeOf(f); !taken[t] {
				own[t] = true
				all = append(all, f)
			}
		}
		for t := range own {
			taken[t] = true
		}
		if len(own) > 0 {
			route.Sources = append(slices.Clip(route.Sources), ir.Source{Setting: "filters", Origin: p.origin, Field: "spec.filters"})
		}
	}
	if len(all) > len(route.Filters) {
		ir.OrderFilters(all)
		route.Filters = all
	}
	return ""
}

// Unused reports a setting that has no effect on the back end at a place, only on rules.
func (c Chain) Unused(name string, at resolve.Place) {
	for _, p := range c.list {
		r := settings.Reader{Sources: []settings.Source{{Settings: &p.object.Spec.Settings, At: p.at("spec")}}}
		if from, found := r.From(name); found {
			c.set.Facts.Warnf(from.Origin, from.Field, report.Unsupported, "the field has no effect on a back end, which %s (%s) names it for", at.Origin, at.Field)
		}
	}
}
