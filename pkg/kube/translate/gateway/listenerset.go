package gateway

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

// listenerSet is a ListenerSet that names one of our Gateways.
type listenerSet struct {
	object  *gatewayv1.ListenerSet
	gateway *gateway
	origin  report.Origin
	// refused says why the Gateway does not take it; it has no listeners then.
	refused   fault
	listeners []*listener
}

// valid reports whether at least one of its listeners serves.
func (s *listenerSet) valid() bool {
	for _, l := range s.listeners {
		if l.programmedFault().ok() {
			return s.refused.ok()
		}
	}
	return false
}

// readListenerSets collects the ListenerSets of our Gateways.
func (t *translation) readListenerSets() {
	for _, object := range t.Snapshot.ListenerSets() {
		ref := &object.Spec.ParentRef
		if deref(ref.Group, gatewayv1.GroupName) != gatewayv1.GroupName || deref(ref.Kind, kindGateway) != kindGateway {
			continue
		}
		name := types.NamespacedName{Namespace: string(deref(ref.Namespace, gatewayv1.Namespace(object.Namespace))), Name: string(ref.Name)}
		g := t.byName[name]
		if g == nil {
			continue
		}
		set := &listenerSet{object: object, gateway: g, origin: report.Origin{Kind: kindListenerSet, Namespace: object.Namespace, Name: object.Name}}
		t.sets[snapshot.NameOf(object)] = set
		t.setOrder = append(t.setOrder, set)
		if !t.allowsSet(g, object.Namespace) {
			at := resolve.Place{Origin: set.origin, Field: "spec.parentRef"}
			t.refuse(&set.refused, at, report.NotAllowed,
				fmt.Sprintf("the Gateway %q allows no ListenerSet of the namespace %q (spec.allowedListeners)", name, object.Namespace))
			continue
		}
		g.sets = append(g.sets, set)
		for i := range object.Spec.Listeners {
			entry := gatewayv1.Listener(object.Spec.Listeners[i])
			set.listeners = append(set.listeners, t.readListener(g, set, i, &entry))
		}
	}
}

// allowsSet reports whether a Gateway takes ListenerSets of a namespace. Without a
// word about it, it takes none.
func (t *translation) allowsSet(g *gateway, namespace string) bool {
	allowed := g.object.Spec.AllowedListeners
	if allowed == nil || allowed.Namespaces == nil || allowed.Namespaces.From == nil {
		return false
	}
	return t.allowsNamespace(*allowed.Namespaces.From, allowed.Namespaces.Selector, g.object.Namespace, namespace, g.at("spec.allowedListeners.namespaces.selector"))
}

// allowsNamespace reports whether a choice of namespaces, made in one namespace, has
// another one. A selector that makes no sense chooses none.
func (t *translation) allowsNamespace(from gatewayv1.FromNamespaces, selector *metav1.LabelSelector, own, namespace string, at resolve.Place) bool {
	switch from {
	case gatewayv1.NamespacesFromAll:
		return true
	case gatewayv1.NamespacesFromSame:
		return own == namespace
	case gatewayv1.NamespacesFromSelector:
		chosen, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Facts.Errorf(at.Origin, at.Field, report.Invalid, "the selector is not valid, so it chooses no namespace: %v", err)
			return false
		}
		object := t.Snapshot.Namespace(namespace)
		if object == nil {
			// Without a cluster, namespaces need not be written down; their name is a label of theirs.
			return t.Options.Offline && chosen.Matches(labels.Set{"kubernetes.io/metadata.name": namespace})
		}
		return chosen.Matches(namespaceLabels(object.Labels, namespace))
	}
	return false
}

// namespaceLabels adds the label that the API server gives each namespace.
func namespaceLabels(own map[string]string, name string) labels.Set {
	set := labels.Set{"kubernetes.io/metadata.name": name}
	for key, value := range own {
		set[key] = value
	}
	return set
}

// listenerSetVerdicts says what the status of the ListenerSets should be.
func (t *translation) listenerSetVerdicts() {
	for _, set := range t.setOrder {
		v := verdict.ListenerSet{Object: set.object, Gateway: set.gateway.object}
		accepted, programmed := set.refused, set.refused
		if set.refused.ok() {
			accepted, programmed = t.summary(set.origin, set.listeners)
		}
		if !programmed.ok() {
			accepted = programmed
		}
		generation := set.object.Generation
		v.Conditions = []metav1.Condition{
			condition("Accepted", generation, accepted, "the ListenerSet is served"),
			condition("Programmed", generation, programmed, "the listeners are open"),
		}
		if programmed.ok() && !accepted.ok() {
			v.Conditions[0].Status = metav1.ConditionTrue
		}
		for _, l := range set.listeners {
			v.Listeners = append(v.Listeners, gatewayv1.ListenerEntryStatus{
				Name:           l.spec.Name,
				SupportedKinds: l.supportedKinds(),
				AttachedRoutes: l.attached,
				Conditions:     l.conditions(),
			})
		}
		t.verdicts.ListenerSets = append(t.verdicts.ListenerSets, v)
	}
}
