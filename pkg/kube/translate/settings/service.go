package settings

import (
	"cmp"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

// ServiceName is the name of a Service that an object of a namespace refers to.
func ServiceName(ref *v1alpha1.ServiceRef, namespace string) types.NamespacedName {
	return types.NamespacedName{Namespace: cmp.Or(ref.Namespace, namespace), Name: ref.Name}
}

// Service returns the upstream of a Service that an object of ours refers to at a place; across namespaces that
// takes a ReferenceGrant.
func Service(r *resolve.Resolver, ref *v1alpha1.ServiceRef, at resolve.Place) ir.WeightedUpstream {
	return r.ReferredService(v1alpha1.GroupVersion.Group, ServiceName(ref, at.Origin.Namespace), ref.Port, at)
}
