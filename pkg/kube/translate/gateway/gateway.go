package gateway

import (
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

const (
	kindGateway     = "Gateway"
	kindListenerSet = "ListenerSet"
)

// gateway is a Gateway that is ours.
type gateway struct {
	object *gatewayv1.Gateway
	class  *gatewayv1.GatewayClass
	origin report.Origin
	// listeners are its own, in the order of the spec.
	listeners []*listener
	// sets are the ListenerSets that it allows, the oldest first.
	sets []*listenerSet
	// resolved says what is wrong with references of the Gateway itself.
	resolved fault
	// clientCertificate is the one that back ends over TLS are shown, empty for none;
	// noClientCertificate says why it cannot be used.
	clientCertificate   string
	noClientCertificate fault
	// insecure says that clients need no valid certificate.
	insecure fault
	// targets are the ports that are bound for it.
	targets map[portKey]int32
}

// all returns the listeners in the order in which they win conflicts.
func (g *gateway) all() []*listener {
	all := g.listeners[:len(g.listeners):len(g.listeners)]
	for _, set := range g.sets {
		all = append(all, set.listeners...)
	}
	return all
}

func (g *gateway) name() types.NamespacedName { return snapshot.NameOf(g.object) }

// classes fills in the verdicts about our GatewayClasses and returns them by name.
func (t *translation) classes() map[string]*gatewayv1.GatewayClass {
	ours := make(map[string]*gatewayv1.GatewayClass)
	for _, class := range t.Snapshot.GatewayClasses() {
		if class.Spec.ControllerName != snapshot.GatewayControllerName {
			continue
		}
		ours[class.Name] = class
		t.verdicts.Classes = append(t.verdicts.Classes, verdict.Class{
			Object:     class,
			Conditions: []metav1.Condition{condition("Accepted", class.Generation, fault{}, "Sluice serves the Gateways of this class")},
		})
	}
	return ours
}

// readGateways collects the Gateways that are ours, with their listeners.
func (t *translation) readGateways() {
	classes := t.classes()
	for _, object := range t.Snapshot.Gateways() {
		origin := report.Origin{Kind: kindGateway, Namespace: object.Namespace, Name: object.Name}
		class := classes[string(object.Spec.GatewayClassName)]
		if class == nil && !t.Options.AllClasses {
			t.Facts.Infof(origin, "", report.OtherClass, "no GatewayClass %q belongs to the controller %q", object.Spec.GatewayClassName, snapshot.GatewayControllerName)
			continue
		}
		g := &gateway{object: object, class: class, origin: origin, targets: make(map[portKey]int32)}
		for i := range object.Spec.Listeners {
			g.listeners = append(g.listeners, t.readListener(g, nil, i, &object.Spec.Listeners[i]))
		}
		t.readClientCertificate(g)
		t.gateways = append(t.gateways, g)
		t.byName[snapshot.NameOf(object)] = g
	}
}

// gatewayVerdicts says what the status of the Gateways should be.
func (t *translation) gatewayVerdicts() {
	for _, g := range t.gateways {
		v := verdict.Gateway{Object: g.object, Class: g.class, Ports: t.ports(g)}
		accepted, _ := t.summary(g.origin, g.listeners)
		_, programmed := t.summary(g.origin, g.all())
		if accepted.ok() && !programmed.ok() {
			programmed.reason = report.Invalid
		}
		for _, l := range g.listeners {
			v.Listeners = append(v.Listeners, gatewayv1.ListenerStatus{
				Name:           l.spec.Name,
				SupportedKinds: l.supportedKinds(),
				AttachedRoutes: l.attached,
				Conditions:     l.conditions(),
			})
		}
		for _, set := range g.sets {
			if set.valid() {
				v.AttachedListenerSets++
			}
		}
		v.Conditions = t.gatewayConditions(g, accepted, programmed)
		t.verdicts.Gateways = append(t.verdicts.Gateways, v)
	}
}

func (t *translation) gatewayConditions(g *gateway, accepted, programmed fault) []metav1.Condition {
	generation := g.object.Generation
	conditions := []metav1.Condition{condition("Accepted", generation, accepted, "the Gateway is served")}
	if good := usable(g.all()); good > 0 && !accepted.ok() {
		// Some listeners serve, so the Gateway is accepted all the same, for this reason.
		conditions[0].Status = metav1.ConditionTrue
	}
	resolved := g.resolved
	if bad := unresolved(g.listeners); bad != "" {
		resolved = resolved.or(fault{report.ListenersNotResolved, "these listeners have references that cannot be used:" + bad})
	}
	if !g.insecure.ok() {
		conditions = append(conditions, warning("InsecureFrontendValidationMode", generation, g.insecure))
	}
	conditions = append(conditions,
		condition("Programmed", generation, programmed, "the listeners are open"),
		condition("ResolvedRefs", generation, resolved, "all references are resolved"))
	return conditions
}

// unresolved names the listeners of which some reference is not resolved.
func unresolved(listeners []*listener) (names string) {
	for _, l := range listeners {
		if !l.resolved.ok() {
			names += fmt.Sprintf(" %q", l.spec.Name)
		}
	}
	return names
}

// usable counts the listeners that are accepted.
func usable(listeners []*listener) (n int) {
	for _, l := range listeners {
		if l.acceptedFault().ok() {
			n++
		}
	}
	return n
}

// summary says of a group of listeners whether all of them are accepted, and whether any of them
// serves.
func (t *translation) summary(origin report.Origin, listeners []*listener) (accepted, programmed fault) {
	bad := ""
	serving := 0
	for _, l := range listeners {
		if !l.acceptedFault().ok() {
			bad += fmt.Sprintf(" %q", l.spec.Name)
		}
		if l.programmedFault().ok() {
			serving++
		}
	}
	if bad != "" {
		accepted = fault{report.ListenersNotValid, "these listeners are not valid:" + bad}
	}
	if serving == 0 && len(listeners) > 0 {
		programmed = fault{report.ListenersNotValid, "no listener is valid"}
		t.Facts.Errorf(origin, "spec.listeners", report.ListenersNotValid, "no listener serves")
	}
	return accepted, programmed
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// at returns a place in the Gateway.
func (g *gateway) at(field string) resolve.Place {
	return resolve.Place{Origin: g.origin, Field: field}
}
