package translate

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// byAge puts the fragments in the order in which they win conflicts.
func byAge(fragments []resolve.Fragment) {
	slices.SortStableFunc(fragments, func(a, b resolve.Fragment) int {
		return cmp.Or(
			a.Created.Compare(b.Created),
			cmp.Compare(a.Origin.Namespace, b.Origin.Namespace),
			cmp.Compare(a.Origin.Name, b.Origin.Name),
			cmp.Compare(a.Origin.Kind, b.Origin.Kind),
		)
	})
}

// mergeRoutes returns the hosts with their routes in order of precedence. The
// fragments are in the order of byAge.
func mergeRoutes(fragments []resolve.Fragment, facts *report.Set) map[string][]*resolve.Route {
	hosts := make(map[string][]*resolve.Route)
	for i := range fragments {
		for j := range fragments[i].Routes {
			route := &fragments[i].Routes[j]
			route.Created = fragments[i].Created
			hosts[route.Host] = append(hosts[route.Host], route)
		}
	}
	for host, routes := range hosts {
		// Age and order within an object are the order of the slice, which a stable sort keeps.
		slices.SortStableFunc(routes, func(a, b *resolve.Route) int {
			return cmp.Or(ir.CompareMatches(a.Match, b.Match), compareBool(a.Fallback, b.Fallback))
		})
		hosts[host] = withoutConflicts(host, routes, facts)
	}
	return hosts
}

// withoutConflicts keeps of equal matches the first, and tells the others.
func withoutConflicts(host string, routes []*resolve.Route, facts *report.Set) []*resolve.Route {
	winners := make(map[identity]*resolve.Route, len(routes))
	kept := routes[:0]
	for _, route := range routes {
		id := identify(route.Match)
		if winner := winners[id]; winner != nil {
			conflict(host, route, winner, facts)
			continue
		}
		winners[id] = route
		kept = append(kept, route)
	}
	return kept
}

// conflict tells the loser who won.
func conflict(host string, loser, winner *resolve.Route, facts *report.Set) {
	if host == "" {
		host = "any host"
	} else {
		host = "the host " + host
	}
	by := winner.Field + " of this object"
	if winner.Origin != loser.Origin {
		by = winner.Origin.String() + " (" + winner.Field + ")"
		switch {
		case loser.Fallback:
		case winner.Created.Equal(loser.Created):
			by += ", which is as old and comes first by name"
		default:
			by += ", which is older"
		}
	}
	switch {
	case winner.Origin == loser.Origin && !loser.Fallback && reflect.DeepEqual(winner.Action, loser.Action):
		// Such as Prefix /a beside Prefix /a/: one of them is idle, and nothing is lost.
		facts.Warnf(loser.Origin, loser.Field, report.Conflict, "for %s, %s is served by %s in the same way", host, loser.Match, by)
	case !loser.Fallback:
		facts.Errorf(loser.Origin, loser.Field, report.Conflict, "for %s, %s is served by %s", host, loser.Match, by)
	case winner.Origin != loser.Origin:
		facts.Warnf(loser.Origin, loser.Field, report.Conflict, "for %s, the default back end is not used, as %s is served by %s", host, loser.Match, by)
	}
}

// identity is equal for matches that match the same requests by their form.
type identity struct {
	kind ir.PathKind
	path string
	rest string
}

func identify(m ir.Match) identity {
	id := identity{kind: m.Path.Kind, path: m.Path.Value}
	if id.kind == ir.PathPrefix {
		id.path = strings.TrimSuffix(id.path, "/")
	}
	if m.Method != "" || len(m.Headers) > 0 || len(m.Query) > 0 {
		m.Path = ir.PathMatch{}
		id.rest = m.String()
	}
	return id
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
