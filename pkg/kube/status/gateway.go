package status

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/front"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

const (
	kindGateway          = "Gateway"
	kindGatewayClass     = "GatewayClass"
	kindListenerSet      = "ListenerSet"
	kindBackendTLSPolicy = "BackendTLSPolicy"
)

// gatewayClasses writes the conditions and features of our GatewayClasses.
func (t *term) gatewayClasses(ctx context.Context, f *found) {
	for i := range f.verdicts.Classes {
		class := &f.verdicts.Classes[i]
		origin := report.Origin{Kind: kindGatewayClass, Name: class.Object.Name}
		var is gatewayv1.GatewayClass
		if !t.read(ctx, origin, &is) || is.UID != class.Object.UID {
			continue
		}
		should := is.DeepCopy()
		conditions := slices.Clone(class.Conditions)
		if refusal := front.ClassRefusal(f.objects, class.Object); refusal != nil {
			deny(conditions, Accepted, string(refusal.Reason), refusal.Message)
		}
		should.Status.Conditions = mergeConditions(is.Status.Conditions, conditions, now())
		should.Status.SupportedFeatures = supportedFeatures()
		if !equality.Semantic.DeepEqual(is.Status, should.Status) {
			t.patch(ctx, origin, &is, should)
		}
	}
}

// gateways writes the status of our Gateways.
func (t *term) gateways(ctx context.Context, f *found) {
	for i := range f.verdicts.Gateways {
		if t.interrupted(ctx) {
			return
		}
		gw := &f.verdicts.Gateways[i]
		origin := gatewayOrigin(gw)
		var is gatewayv1.Gateway
		if !t.read(ctx, origin, &is) || is.UID != gw.Object.UID {
			continue
		}
		exposed := t.exposure(ctx, f, gw)
		should := is.DeepCopy()
		should.Status.Conditions = mergeConditions(is.Status.Conditions, exposed.overlay(gw), now())
		should.Status.Addresses = exposed.addresses
		should.Status.Listeners = mergeListeners(is.Status.Listeners, gw.Listeners, now())
		should.Status.AttachedListenerSets = &gw.AttachedListenerSets
		if !equality.Semantic.DeepEqual(is.Status, should.Status) {
			t.patch(ctx, origin, &is, should)
		}
	}
}

func gatewayOrigin(gw *verdict.Gateway) report.Origin {
	return report.Origin{Kind: kindGateway, Namespace: gw.Object.Namespace, Name: gw.Object.Name}
}

// listenerSets writes the status of the ListenerSets of our Gateways.
func (t *term) listenerSets(ctx context.Context, f *found) {
	for i := range f.verdicts.ListenerSets {
		if t.interrupted(ctx) {
			return
		}
		set := &f.verdicts.ListenerSets[i]
		origin := report.Origin{Kind: kindListenerSet, Namespace: set.Object.Namespace, Name: set.Object.Name}
		var is gatewayv1.ListenerSet
		if !t.read(ctx, origin, &is) || is.UID != set.Object.UID {
			continue
		}
		should := is.DeepCopy()
		should.Status.Conditions = mergeConditions(is.Status.Conditions, f.belowGateway(set), now())
		should.Status.Listeners = mergeEntries(is.Status.Listeners, set.Listeners, now())
		if !equality.Semantic.DeepEqual(is.Status, should.Status) {
			t.patch(ctx, origin, &is, should)
		}
	}
}

// belowGateway returns the conditions of a ListenerSet: where its Gateway cannot be accepted, nor can it.
func (f *found) belowGateway(set *verdict.ListenerSet) []metav1.Condition {
	conditions := slices.Clone(set.Conditions)
	for i := range f.verdicts.Gateways {
		gw := &f.verdicts.Gateways[i]
		if gw.Object != set.Gateway {
			continue
		}
		if _, refusal := front.SettingsOf(f.objects, gw); refusal != nil {
			for _, kind := range []string{Accepted, Programmed} {
				deny(conditions, kind, string(gatewayv1.ListenerSetReasonParentNotAccepted), "the Gateway is not accepted: "+refusal.Message)
			}
		}
	}
	return conditions
}

// mergeListeners returns the wanted listeners with their conditions merged into
// those that the listeners of the same names have.
func mergeListeners(is, wanted []gatewayv1.ListenerStatus, now metav1.Time) []gatewayv1.ListenerStatus {
	merged := slices.Clone(wanted)
	for i := range merged {
		var before []metav1.Condition
		for j := range is {
			if is[j].Name == merged[i].Name {
				before = is[j].Conditions
			}
		}
		merged[i].Conditions = mergeConditions(before, merged[i].Conditions, now)
	}
	return merged
}

// mergeEntries is mergeListeners for a ListenerSet.
func mergeEntries(is, wanted []gatewayv1.ListenerEntryStatus, now metav1.Time) []gatewayv1.ListenerEntryStatus {
	merged := slices.Clone(wanted)
	for i := range merged {
		var before []metav1.Condition
		for j := range is {
			if is[j].Name == merged[i].Name {
				before = is[j].Conditions
			}
		}
		merged[i].Conditions = mergeConditions(before, merged[i].Conditions, now)
	}
	return merged
}

// exposure is what a Gateway's Service does to its status.
type exposure struct {
	addresses []gatewayv1.GatewayStatusAddress
	// refusal is why the Gateway cannot be accepted, and fault why its addresses
	// are not those that it should have; nil where they are.
	refusal, fault *front.Refusal
}

// exposure looks at the Service of a Gateway.
func (t *term) exposure(ctx context.Context, f *found, gw *verdict.Gateway) exposure {
	settings, refusal := front.SettingsOf(f.objects, gw)
	if refusal != nil {
		return exposure{refusal: refusal}
	}
	if len(gw.Ports) == 0 {
		return exposure{}
	}
	var e exposure
	for _, one := range settings.Each() {
		fault := t.expose(ctx, gw, one, &e)
		if e.fault == nil {
			e.fault = fault
		}
	}
	return e
}

// expose adds the addresses of one of the Services of a Gateway, and returns why they are
// not those that it should have.
func (t *term) expose(ctx context.Context, gw *verdict.Gateway, settings front.Settings, e *exposure) *front.Refusal {
	name := settings.NameOf(gw).Name
	var service corev1.Service
	if !t.read(ctx, report.Origin{Kind: kindService, Namespace: gw.Object.Namespace, Name: name}, &service) {
		return notAssigned(fmt.Sprintf("the Service %s is not there yet", name))
	}
	if !leadsTo(&service, gw) {
		return notAssigned(fmt.Sprintf("a Service %s is there that is not Sluice's own", name))
	}
	before := len(e.addresses)
	for _, a := range serviceAddresses(&service) {
		kind, value := gatewayv1.IPAddressType, a.IP
		if value == "" {
			kind, value = gatewayv1.HostnameAddressType, a.Hostname
		}
		e.addresses = append(e.addresses, gatewayv1.GatewayStatusAddress{Type: &kind, Value: value})
	}
	for _, asked := range settings.Addresses {
		if !slices.ContainsFunc(e.addresses, func(a gatewayv1.GatewayStatusAddress) bool { return a.Value == asked }) {
			return &front.Refusal{
				Reason:  gatewayv1.GatewayReasonAddressNotUsable,
				Message: fmt.Sprintf("the Service %s has not been given the address %s", name, asked),
			}
		}
	}
	if len(e.addresses) == before {
		return notAssigned(fmt.Sprintf("the Service %s has no address yet", name))
	}
	return nil
}

func notAssigned(message string) *front.Refusal {
	return &front.Refusal{Reason: gatewayv1.GatewayReasonAddressNotAssigned, Message: message}
}

// overlay returns the conditions of a Gateway, with what is known of its Service.
func (e exposure) overlay(gw *verdict.Gateway) []metav1.Condition {
	conditions := slices.Clone(gw.Conditions)
	switch {
	case e.refusal != nil:
		deny(conditions, Accepted, string(e.refusal.Reason), e.refusal.Message)
		deny(conditions, Programmed, string(gatewayv1.GatewayReasonInvalid), e.refusal.Message)
	case e.fault != nil:
		deny(conditions, Programmed, string(e.fault.Reason), e.fault.Message)
	}
	return conditions
}

// deny makes a condition false that is true. A fault of its own stays.
func deny(conditions []metav1.Condition, kind, reason, message string) {
	if c := meta.FindStatusCondition(conditions, kind); c != nil && c.Status == metav1.ConditionTrue {
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, reason, message
	}
}
