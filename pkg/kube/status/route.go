package status

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/report"
)

// maxParents and maxAncestors are how many entries the API server takes.
const (
	maxParents   = 32
	maxAncestors = 16
)

// routes writes our own entries of status.parents.
func (t *term) routes(ctx context.Context, f *found) {
	for i := range f.verdicts.Routes {
		if t.interrupted(ctx) {
			return
		}
		route := &f.verdicts.Routes[i]
		origin := report.Origin{Kind: route.Kind, Namespace: route.Object.GetNamespace(), Name: route.Object.GetName()}
		is := involved[route.Kind]()
		if !t.read(ctx, origin, is) || is.GetUID() != route.Object.GetUID() {
			continue
		}
		parents := statusOf(is).Parents
		merged := parentEntry.merge(parents, route.Parents, maxParents, now())
		if equality.Semantic.DeepEqual(parents, merged) {
			continue
		}
		should := is.DeepCopyObject().(client.Object)
		statusOf(should).Parents = merged
		t.patch(ctx, origin, is, should)
	}
}

// statusOf returns the part of a route's status that all kinds have.
func statusOf(route client.Object) *gatewayv1.RouteStatus {
	switch r := route.(type) {
	case *gatewayv1.HTTPRoute:
		return &r.Status.RouteStatus
	case *gatewayv1.GRPCRoute:
		return &r.Status.RouteStatus
	case *gatewayv1.TLSRoute:
		return &r.Status.RouteStatus
	case *gatewayv1.TCPRoute:
		return &r.Status.RouteStatus
	case *gatewayv1.UDPRoute:
		return &r.Status.RouteStatus
	}
	return &gatewayv1.RouteStatus{} // There is no other kind.
}

// policies writes our own entries of status.ancestors.
func (t *term) policies(ctx context.Context, f *found) {
	for i := range f.verdicts.Policies {
		if t.interrupted(ctx) {
			return
		}
		policy := &f.verdicts.Policies[i]
		origin := report.Origin{Kind: policy.Kind, Namespace: policy.Object.GetNamespace(), Name: policy.Object.GetName()}
		is := involved[policy.Kind]()
		if !t.read(ctx, origin, is) || is.GetUID() != policy.Object.GetUID() {
			continue
		}
		ancestors := policyStatusOf(is).Ancestors
		merged := ancestorEntry.merge(ancestors, policy.Ancestors, maxAncestors, now())
		if equality.Semantic.DeepEqual(ancestors, merged) {
			continue
		}
		should := is.DeepCopyObject().(client.Object)
		policyStatusOf(should).Ancestors = merged
		t.patch(ctx, origin, is, should)
	}
}

// policyStatusOf returns the status of a policy.
func policyStatusOf(policy client.Object) *gatewayv1.PolicyStatus {
	switch p := policy.(type) {
	case *gatewayv1.BackendTLSPolicy:
		return &p.Status
	case *gatewayxv1.XBackendTrafficPolicy:
		return &p.Status
	case *v1alpha1.ProxyPolicy:
		return &p.Status
	}
	return &gatewayv1.PolicyStatus{} // There is no other kind.
}
