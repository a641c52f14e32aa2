package settings

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// maxSegment is the bound of the CRD.
const maxSegment = 32

// token is what may stand as the name of a header field, and of a query
// parameter or cookie.
var token = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// Version fills in how the route at the place chooses among back ends with versions; its field of
// that name, such as "backendRefs", lists them. False means that what is written is invalid, and
// then no back end must serve in the place of another.
func (r *Reader) Version(f *ir.Forward, at resolve.Place, list string) bool {
	spec, field := first(r, ".versioning", func(s *v1alpha1.Settings) *v1alpha1.Versioning { return s.Versioning })
	without := func(b ir.WeightedUpstream) bool { return b.Version == "" }
	switch unversioned := slices.ContainsFunc(f.Backends, without); {
	case !slices.ContainsFunc(f.Backends, func(b ir.WeightedUpstream) bool { return !without(b) }):
		if spec != nil && field == at.At(".versioning") {
			r.Facts.Warnf(field.Origin, field.Field, report.Invalid, "no back end of the route has a version, so requests are not told apart by theirs")
		}
		return true
	case unversioned:
		r.Facts.Errorf(at.Origin, at.Field+"."+list, report.Invalid, "either all back ends must have a version or none; the requests of the route are answered 500")
		return false
	}
	if spec == nil {
		r.Facts.Errorf(at.Origin, at.Field+"."+list, report.Invalid, "the back ends have versions, but no versioning says where requests name theirs; the requests of the route are answered 500")
		return false
	}
	before := r.Facts.Len()
	f.Versioning = r.versioning(spec, field)
	if r.Facts.Len() != before {
		return false
	}
	if d := f.Versioning.Default; d != "" && !slices.ContainsFunc(f.Backends, func(b ir.WeightedUpstream) bool { return serves(b.Version, d) }) {
		r.Facts.Warnf(field.Origin, field.Field+".default", report.Invalid, "no back end of %s serves the version %q, so it is as if there were no default", at.Field, d)
	}
	return true
}

// serves says whether a back end of that version serves requests for another.
func serves(version, wanted string) bool {
	rest, ok := strings.CutPrefix(wanted, version)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], ".-+"))
}

func (r *Reader) versioning(spec *v1alpha1.Versioning, at resolve.Place) ir.Versioning {
	refuse := func(field, problem string) {
		r.Facts.Errorf(at.Origin, at.Field+field, report.Invalid, "the value %s, so the requests that it is for are answered 500", problem)
	}
	out := ir.Versioning{Name: spec.Name, Default: spec.Default, Tell: spec.ResponseHeader}
	switch spec.Source {
	case v1alpha1.VersionHeader:
		out.Source, out.Name = ir.VersionHeader, strings.ToLower(spec.Name)
	case v1alpha1.VersionQuery:
		out.Source = ir.VersionQuery
	case v1alpha1.VersionCookie:
		out.Source = ir.VersionCookie
	case v1alpha1.VersionPath:
		out.Source, out.Segment = ir.VersionPath, int(spec.Segment)
	default:
		refuse(".source", "is none of Header, Query, Cookie and Path")
	}
	switch byPath := spec.Source == v1alpha1.VersionPath; {
	case byPath != (spec.Name == ""), !byPath && !token.MatchString(spec.Name):
		refuse(".name", "is missing, not valid, or there without need")
	case byPath != (spec.Segment != 0), spec.Segment < 0 || spec.Segment > maxSegment:
		refuse(".segment", "is missing, not between 1 and 32, or there without need")
	}
	switch spec.OnNoMatch {
	case v1alpha1.NoMatchDefault, "":
		if spec.Default == "" {
			refuse(".default", "is missing, though requests whose version no back end has are to get it")
		}
	case v1alpha1.NoMatchReject:
		out.NoMatch = ir.NoMatchReject
	case v1alpha1.NoMatchAny:
		out.NoMatch = ir.NoMatchAny
	default:
		refuse(".onNoMatch", "is none of Default, Reject and Any")
	}
	switch {
	case out.Tell == "":
	case !token.MatchString(out.Tell):
		refuse(".responseHeader", "is no name of a header field")
	case ir.ManagedHeader(strings.ToLower(out.Tell)):
		refuse(".responseHeader", "is a field that belongs to the connection or the framing of the message")
	}
	return out
}
