package settings

import (
	"slices"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// FromBackend says whether a filter asks for the host of the back end.
func FromBackend(specs []v1alpha1.Filter) bool {
	return slices.ContainsFunc(specs, func(s v1alpha1.Filter) bool {
		return s.Type == v1alpha1.FilterRewrite && s.Rewrite != nil && s.Rewrite.HostFrom == v1alpha1.HostBackend
	})
}

// BackendHost puts the host of a back end before what its own filters say.
func BackendHost(host string, list []ir.Filter) []ir.Filter {
	if host == "" {
		return list
	}
	return append([]ir.Filter{&ir.RewriteURL{Host: host}}, list...)
}

// FiltersFor returns the filters with the prefix of a match in those that replace it.
func FiltersFor(list []ir.Filter, match *ir.Match) []ir.Filter {
	var own []ir.Filter
	for i, f := range list {
		switch f := f.(type) {
		case *ir.RewriteURL:
			if f.Path.Kind == ir.PrefixReplaced {
				copied := *f
				copied.Path.Prefix = match.Path.Value
				own = setFilter(own, list, i, &copied)
			}
		case *ir.Redirect:
			if f.Path.Kind == ir.PrefixReplaced {
				copied := *f
				copied.Path.Prefix = match.Path.Value
				own = setFilter(own, list, i, &copied)
			}
		}
	}
	if own == nil {
		return list
	}
	return own
}

// setFilter sets a filter in a copy of list, which own is where it was made before.
func setFilter(own, list []ir.Filter, i int, f ir.Filter) []ir.Filter {
	if own == nil {
		own = slices.Clone(list)
	}
	own[i] = f
	return own
}

// ActionFor is FiltersFor for those of back ends.
func ActionFor(action ir.Action, match *ir.Match) ir.Action {
	forward, ok := action.(*ir.Forward)
	if !ok || !slices.ContainsFunc(forward.Backends, func(b ir.WeightedUpstream) bool { return len(b.Filters) > 0 }) {
		return action
	}
	copied := *forward
	copied.Backends = slices.Clone(forward.Backends)
	for i := range copied.Backends {
		copied.Backends[i].Filters = FiltersFor(copied.Backends[i].Filters, match)
	}
	return &copied
}

// FiltersForMatch is FiltersFor for a match that may have no prefix; false where a filter
// replaces one.
func FiltersForMatch(list []ir.Filter, match *ir.Match) ([]ir.Filter, bool) {
	if match.Path.Kind != ir.PathPrefix && slices.ContainsFunc(list, replacesPrefix) {
		return nil, false
	}
	return FiltersFor(list, match), true
}

func replacesPrefix(f ir.Filter) bool {
	switch f := f.(type) {
	case *ir.RewriteURL:
		return f.Path.Kind == ir.PrefixReplaced
	case *ir.Redirect:
		return f.Path.Kind == ir.PrefixReplaced
	}
	return false
}
