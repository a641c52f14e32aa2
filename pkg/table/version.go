package table

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// ReasonVersion is the word for a request whose version no backend has.
const ReasonVersion = "version_unknown"

// versions chooses by the version that a request names. It never changes.
type versions struct {
	spec   *ir.Versioning
	served match.Versions[*choice]
	// unnamed is for a request that names no version, otherwise for one whose
	// version no backend has.
	unnamed, otherwise *choice
	// count is how many versions there are.
	count int
}

// of returns the choice among the backends of the version that the request gets.
func (v *versions) of(in *match.Input) *choice {
	wanted := v.wanted(in)
	if len(wanted) == 0 {
		return v.unnamed
	}
	if c, ok := v.served.Find(wanted); ok {
		return c
	}
	return v.otherwise
}

// wanted returns the version that the request names, nothing where it names none.
func (v *versions) wanted(in *match.Input) (version []byte) {
	switch v.spec.Source {
	case ir.VersionHeader:
		version, _ = in.HeaderValue(v.spec.Name)
	case ir.VersionQuery:
		version, _ = in.QueryValue(v.spec.Name)
	case ir.VersionCookie:
		version, _ = in.Cookie(v.spec.Name)
	case ir.VersionPath:
		version, _ = in.Segment(v.spec.Segment)
	case ir.VersionNone:
	}
	return version
}

// versions makes the choice by version. Backends without a weight, and those that are
// not ready, have no version to serve: requests go to the next shorter one.
func (c *compiler) versions(f *ir.Forward, shares []share, weights []uint64) *versions {
	type group struct {
		version *Version
		shares  []share
		weights []uint64
	}
	groups := make(map[string]*group)
	for i := range shares {
		name := shares[i].version.Name
		g := groups[name]
		if g == nil {
			shares[i].version.Index = len(groups)
			g = &group{version: shares[i].version}
			groups[name] = g
		}
		shares[i].version = g.version
		g.shares, g.weights = append(g.shares, shares[i]), append(g.weights, weights[i])
	}
	served := make(map[string]*choice, len(groups))
	names := make([]string, 0, len(groups))
	for name, g := range groups {
		served[name] = newChoice(g.shares, g.weights)
		names = append(names, name)
	}
	slices.Sort(names)
	v := &versions{spec: &f.Versioning, served: match.NewVersions(served), count: len(groups)}
	ofDefault, hasDefault := v.served.Find([]byte(f.Versioning.Default))
	switch {
	case f.Versioning.NoMatch == ir.NoMatchAny:
		v.otherwise = newChoice(shares, weights)
	case f.Versioning.NoMatch == ir.NoMatchDefault && hasDefault:
		v.otherwise = ofDefault
	default:
		v.otherwise = newChoice([]share{{failure: unknownVersion(names)}}, []uint64{1})
	}
	if v.unnamed = v.otherwise; hasDefault {
		v.unnamed = ofDefault
	}
	return v
}

// unknownVersion is the answer that lists the versions served.
func unknownVersion(names []string) *Failure {
	list := strings.Join(names, ", ")
	quoted, _ := json.Marshal(names) // Strings always can be.
	return &Failure{
		Status: 400,
		Word:   ReasonVersion,
		Reason: "no back end has the version that the request asks for; those served are " + list,
		Body:   "400 Bad Request: the version is missing or not served. Versions served: " + list + "\n",
		JSON:   `"status":400,"message":"the version is missing or not served","versions":` + string(quoted),
	}
}
