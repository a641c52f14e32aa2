package policies

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Target is what a policy can be for.
type Target struct {
	Kind v1alpha1.PolicyTargetKind
	Name types.NamespacedName
	// Section is a listener, a named rule, or a port by its name; empty for the whole object.
	Section string
}

// groups are those of the kinds.
var groups = map[v1alpha1.PolicyTargetKind]string{
	v1alpha1.TargetGateway:     gatewayv1.GroupName,
	v1alpha1.TargetListenerSet: gatewayv1.GroupName,
	v1alpha1.TargetHTTPRoute:   gatewayv1.GroupName,
	v1alpha1.TargetGRPCRoute:   gatewayv1.GroupName,
	v1alpha1.TargetIngress:     "networking.k8s.io",
	v1alpha1.TargetService:     "",
}

// sections are the objects of a snapshot that policies can be for, each with the names of
// its sections.
type sections map[Target][]string

// sectionsOf lists the objects of a kind that has policies.
func sectionsOf(s *snapshot.Snapshot, kind v1alpha1.PolicyTargetKind) sections {
	all := make(sections)
	switch kind {
	case v1alpha1.TargetGateway:
		for _, o := range s.Gateways() {
			all[Target{Kind: kind, Name: snapshot.NameOf(o)}] = namesOf(o.Spec.Listeners, func(l *gatewayv1.Listener) *gatewayv1.SectionName { return &l.Name })
		}
	case v1alpha1.TargetListenerSet:
		for _, o := range s.ListenerSets() {
			all[Target{Kind: kind, Name: snapshot.NameOf(o)}] = namesOf(o.Spec.Listeners, func(l *gatewayv1.ListenerEntry) *gatewayv1.SectionName { return &l.Name })
		}
	case v1alpha1.TargetHTTPRoute:
		for _, o := range s.HTTPRoutes() {
			all[Target{Kind: kind, Name: snapshot.NameOf(o)}] = namesOf(o.Spec.Rules, func(r *gatewayv1.HTTPRouteRule) *gatewayv1.SectionName { return r.Name })
		}
	case v1alpha1.TargetGRPCRoute:
		for _, o := range s.GRPCRoutes() {
			all[Target{Kind: kind, Name: snapshot.NameOf(o)}] = namesOf(o.Spec.Rules, func(r *gatewayv1.GRPCRouteRule) *gatewayv1.SectionName { return r.Name })
		}
	case v1alpha1.TargetIngress:
		for _, o := range s.Ingresses() {
			all[Target{Kind: kind, Name: snapshot.NameOf(o)}] = nil
		}
	case v1alpha1.TargetService:
		for o := range s.Services() {
			var names []string
			for i := range o.Spec.Ports {
				if p := &o.Spec.Ports[i]; p.Name != "" && p.Protocol != corev1.ProtocolUDP {
					names = append(names, p.Name)
				}
			}
			all[Target{Kind: kind, Name: snapshot.NameOf(o)}] = names
		}
	}
	return all
}

func namesOf[T any](list []T, name func(*T) *gatewayv1.SectionName) []string {
	var names []string
	for i := range list {
		if n := name(&list[i]); n != nil && *n != "" {
			names = append(names, string(*n))
		}
	}
	return names
}

// find returns why a policy cannot be for a target.
func (all sections) find(t Target) fault {
	names, found := all[Target{Kind: t.Kind, Name: t.Name}]
	switch {
	case !found:
		return fault{report.TargetNotFound, fmt.Sprintf("the %s %q does not exist", t.Kind, t.Name)}
	case t.Section != "" && !slices.Contains(names, t.Section):
		return fault{report.TargetNotFound, fmt.Sprintf("the %s %q has no part that is named %q", t.Kind, t.Name, t.Section)}
	}
	return fault{}
}
