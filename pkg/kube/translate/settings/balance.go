package settings

import (
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/upstream/cost"
)

// maxLoadPercent is the bound of the CRD.
const maxLoadPercent = 10_000

// Balance returns how endpoints of back ends are chosen, and how sessions keep to theirs.
// What is invalid is reported, and the endpoints go in turn.
func (r *Reader) Balance() (ir.Balance, ir.Sticky) {
	spec, at := first(r, ".balance", func(s *v1alpha1.Settings) *v1alpha1.Balance { return s.Balance })
	if spec == nil {
		return ir.Balance{}, ir.Sticky{}
	}
	before := r.Facts.Len()
	out := r.strategy(spec, at)
	if spec.SlowStart != "" {
		var err error
		if out.SlowStart, err = time.ParseDuration(spec.SlowStart); err != nil || out.SlowStart < 0 {
			r.refuseBalance(at.At(".slowStart"), "is no duration")
		}
	}
	switch spec.Zone {
	case v1alpha1.ZoneAny, "":
	case v1alpha1.ZonePrefer:
		out.PreferZone = true
	default:
		r.refuseBalance(at.At(".zone"), "is neither Any nor Prefer")
	}
	var sticky ir.Sticky
	if spec.Sticky != nil {
		sticky = r.sticky(spec.Sticky, at.At(".sticky"))
	}
	if r.Facts.Len() != before {
		return ir.Balance{}, ir.Sticky{}
	}
	if out.SlowStart > 0 && (out.Strategy == ir.Hash || out.Strategy == ir.Expression) {
		r.Facts.Warnf(at.Origin, at.Field+".slowStart", report.Unsupported, "it does not count for the strategy %s, which chooses by other things than shares", spec.Strategy)
	}
	return out, sticky
}

func (r *Reader) refuseBalance(at resolve.Place, problem string) {
	r.Facts.Errorf(at.Origin, at.Field, report.Invalid, "the value %s, so the endpoints are taken in turn, without sessions", problem)
}

func (r *Reader) strategy(spec *v1alpha1.Balance, at resolve.Place) (out ir.Balance) {
	switch spec.Strategy {
	case v1alpha1.BalanceRoundRobin, "":
	case v1alpha1.BalanceWeightedRoundRobin:
		out.Strategy = ir.WeightedRoundRobin
	case v1alpha1.BalanceLeastRequest:
		out.Strategy = ir.LeastRequest
	case v1alpha1.BalanceLeastLatency:
		out.Strategy = ir.LeastLatency
	case v1alpha1.BalanceRandom:
		out.Strategy, out.Choices = ir.Random, 1
	case v1alpha1.BalanceIPHash:
		out.Strategy, out.Hash.Source = ir.Hash, ir.HashAddress
	case v1alpha1.BalanceHash:
		out.Strategy = ir.Hash
	case v1alpha1.BalanceExpression:
		out.Strategy, out.Cost = ir.Expression, spec.Cost
	default:
		r.refuseBalance(at.At(".strategy"), "is no strategy")
	}
	if spec.Choices != nil {
		if out.Choices = int(*spec.Choices); spec.Strategy != v1alpha1.BalanceRandom || out.Choices < 1 || out.Choices > 2 {
			r.refuseBalance(at.At(".choices"), "is neither 1 nor 2, or the strategy is not Random")
		}
	}
	switch {
	case (spec.Cost != "") != (spec.Strategy == v1alpha1.BalanceExpression):
		r.refuseBalance(at.At(".cost"), "is missing for the strategy Expression, or there for another")
	case spec.Cost != "":
		if _, err := cost.Compile(spec.Cost); err != nil {
			r.refuseBalance(at.At(".cost"), strings.Join(strings.Fields(err.Error()), " "))
		}
	}
	switch {
	case (spec.Hash != nil) != (spec.Strategy == v1alpha1.BalanceHash):
		r.refuseBalance(at.At(".hash"), "is missing for the strategy Hash, or there for another")
	case spec.Hash != nil:
		out.Hash = r.hashBy(spec.Hash, at.At(".hash"))
	}
	return out
}

func (r *Reader) hashBy(spec *v1alpha1.BalanceHashBy, at resolve.Place) ir.HashBy {
	out := ir.HashBy{Name: spec.Name, MaxLoadPercent: int(spec.MaxLoadPercent)}
	named := true
	switch spec.Source {
	case v1alpha1.HashHeader:
		out.Source, out.Name = ir.HashHeader, strings.ToLower(spec.Name)
	case v1alpha1.HashCookie:
		out.Source = ir.HashCookie
	case v1alpha1.HashQuery:
		out.Source = ir.HashQuery
	case v1alpha1.HashClientAddress:
		out.Source, named = ir.HashAddress, false
	case v1alpha1.HashPath:
		out.Source, named = ir.HashPath, false
	default:
		r.refuseBalance(at.At(".source"), "is none of ClientAddress, Header, Cookie, Query and Path")
	}
	if named != (spec.Name != "") || named && !token.MatchString(spec.Name) {
		r.refuseBalance(at.At(".name"), "is missing, not valid, or there without need")
	}
	if out.MaxLoadPercent != 0 && (out.MaxLoadPercent < 100 || out.MaxLoadPercent > maxLoadPercent) {
		r.refuseBalance(at.At(".maxLoadPercent"), "is neither 0 nor between 100 and 10,000")
	}
	return out
}
