package status

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// Programmed is true where an object of the Gateway API is served.
const Programmed = "Programmed"

// ownTypes are the types of conditions that Sluice writes to objects of the
// Gateway API. Where one of them is not wanted, it goes; conditions of other types
// belong to others and stay.
var ownTypes = []string{
	Accepted,
	ResolvedRefs,
	Programmed,
	string(gatewayv1.GatewayClassConditionStatusSupportedVersion),
	string(gatewayv1.GatewayConditionInsecureFrontendValidationMode),
	string(gatewayv1.ListenerConditionConflicted),
	string(gatewayv1.ListenerConditionOverlappingTLSConfig),
	string(gatewayv1.RouteConditionPartiallyInvalid),
}

// mergeConditions returns the conditions that an object should have: the wanted
// ones, in the places that their types have already, and those of others as they
// are. A wanted condition keeps the time of the one before unless its status changed.
func mergeConditions(is, wanted []metav1.Condition, now metav1.Time) []metav1.Condition {
	merged := make([]metav1.Condition, 0, len(is)+len(wanted))
	for _, old := range is {
		should := meta.FindStatusCondition(wanted, old.Type)
		switch {
		case should != nil:
			merged = append(merged, timed(*should, &old, now))
		case !slices.Contains(ownTypes, old.Type):
			merged = append(merged, old)
		}
	}
	for _, should := range wanted {
		if meta.FindStatusCondition(is, should.Type) == nil {
			merged = append(merged, timed(should, nil, now))
		}
	}
	return merged
}

// timed gives a condition the time since when it holds.
func timed(should metav1.Condition, old *metav1.Condition, now metav1.Time) metav1.Condition {
	if old != nil && old.ObservedGeneration > should.ObservedGeneration {
		return *old // Someone knows the object better; the next build will, too.
	}
	should.LastTransitionTime = now
	if old != nil && old.Status == should.Status {
		should.LastTransitionTime = old.LastTransitionTime
	}
	return should
}

// entry is an element of a status list in which several controllers write.
type entry[T any] struct {
	// controller is who wrote it.
	controller func(*T) gatewayv1.GatewayController
	// same reports whether two entries are about the same object.
	same       func(a, b *T) bool
	conditions func(*T) *[]metav1.Condition
}

var parentEntry = entry[gatewayv1.RouteParentStatus]{
	controller: func(p *gatewayv1.RouteParentStatus) gatewayv1.GatewayController { return p.ControllerName },
	same: func(a, b *gatewayv1.RouteParentStatus) bool {
		return equality.Semantic.DeepEqual(a.ParentRef, b.ParentRef)
	},
	conditions: func(p *gatewayv1.RouteParentStatus) *[]metav1.Condition { return &p.Conditions },
}

var ancestorEntry = entry[gatewayv1.PolicyAncestorStatus]{
	controller: func(p *gatewayv1.PolicyAncestorStatus) gatewayv1.GatewayController { return p.ControllerName },
	same: func(a, b *gatewayv1.PolicyAncestorStatus) bool {
		return equality.Semantic.DeepEqual(a.AncestorRef, b.AncestorRef)
	},
	conditions: func(p *gatewayv1.PolicyAncestorStatus) *[]metav1.Condition { return &p.Conditions },
}

// merge returns the entries that a list should have: the wanted ones and those
// of other controllers, all in the places that they have already. The order
// matters: two controllers that move each other's entries would never rest. Beyond
// most entries, new ones of ours are left out.
func (e entry[T]) merge(is, wanted []T, most int, now metav1.Time) []T {
	merged := make([]T, 0, len(is)+len(wanted))
	placed := make([]bool, len(wanted))
	for i := range is {
		old := &is[i]
		if e.controller(old) != snapshot.GatewayControllerName {
			merged = append(merged, *old)
			continue
		}
		at := slices.IndexFunc(wanted, func(w T) bool { return e.same(&w, old) })
		if at < 0 || placed[at] {
			continue
		}
		placed[at] = true
		merged = append(merged, e.with(wanted[at], *e.conditions(old), now))
	}
	for i := range wanted {
		if !placed[i] && len(merged) < most {
			merged = append(merged, e.with(wanted[i], nil, now))
		}
	}
	return merged
}

// with returns a wanted entry with its conditions merged into those before.
func (e entry[T]) with(wanted T, before []metav1.Condition, now metav1.Time) T {
	*e.conditions(&wanted) = mergeConditions(before, *e.conditions(&wanted), now)
	return wanted
}
