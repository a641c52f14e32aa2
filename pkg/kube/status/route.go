package status

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

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
		origin := report.Origin{Kind: kindBackendTLSPolicy, Namespace: policy.Object.Namespace, Name: policy.Object.Name}
		var is gatewayv1.BackendTLSPolicy
		if !t.read(ctx, origin, &is) || is.UID != policy.Object.UID {
			continue
		}
		merged := ancestorEntry.merge(is.Status.Ancestors, policy.Ancestors, maxAncestors, now())
		if equality.Semantic.DeepEqual(is.Status.Ancestors, merged) {
			continue
		}
		should := is.DeepCopy()
		should.Status.Ancestors = merged
		t.patch(ctx, origin, &is, should)
	}
}
