package table

import (
	"bytes"
	"errors"
	"reflect"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// ErrAmbiguous says that an endpoint may take the path of a request for one that another route serves, and that
// route would do something else with it. The request deserves a 400.
var ErrAmbiguous = errors.New("an endpoint may take the path for one of another route")

// FindSafely is Find for paths that endpoints may read in more than one way (match.Ambiguous), so that none of them
// leads around what another route asks for:
//
//   - where the path with "/" for each "//" is another route's, that route serves the request, and
//     in.Path becomes that path;
//   - where match.Loosest of it is another route's, or nobody's, it returns the route with ErrAmbiguous.
//
// Two routes are no different as long as they do the same, and a route whose own path has such parts means them. For
// other paths it is Find.
func (l *Listener) FindSafely(in *match.Input) (*Route, error) {
	r := l.Find(in)
	if !match.Ambiguous(in.Path) || r != nil && r.spellsOut {
		return r, nil
	}
	other := *in
	if other.Path = match.MergeSlashes(in.Path); len(other.Path) != len(in.Path) {
		if merged := l.Find(&other); merged != nil && (r == nil || !r.doesSame(merged)) {
			in.Path, r = other.Path, merged
		}
	}
	if r == nil {
		return nil, nil
	}
	if other.Path = match.Loosest(in.Path); !bytes.Equal(other.Path, in.Path) {
		if loosest := l.Find(&other); loosest == nil || !r.doesSame(loosest) {
			return r, ErrAmbiguous
		}
	}
	return r, nil
}

// spellsOut says that a route's path has parts that make paths ambiguous.
func spellsOut(path *ir.PathMatch) bool {
	value := strings.ToUpper(path.Value)
	for _, part := range [...]string{"//", ";", "%2F", "%5C", "%3B", "%25"} {
		if strings.Contains(value, part) {
			return true
		}
	}
	return false
}

// doesSame says that two routes do the same with what they match.
func (r *Route) doesSame(o *Route) bool {
	return r == o || reflect.DeepEqual(r.deeds(), o.deeds())
}

// deeds returns the route's specification without what says where it comes from and what it matches.
func (r *Route) deeds() ir.Route {
	deeds := *r.spec
	deeds.ID, deeds.Origin, deeds.Field, deeds.Match, deeds.Sources = "", report.Origin{}, "", ir.Match{}, nil
	return deeds
}
