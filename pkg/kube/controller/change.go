package controller

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// gatewayLabel is the label of the Services of Gateways, whose addresses the
// Gateways publish.
const gatewayLabel = "gateway.networking.k8s.io/gateway-name"

// matters reports whether a new version of an object can change the table or
// what is published. Updates of status, of managed fields or of the resource
// version alone cannot, and resyncs even less.
func matters(before, after client.Object, publish types.NamespacedName) bool {
	if before.GetResourceVersion() == after.GetResourceVersion() && before.GetUID() == after.GetUID() {
		return false
	}
	if before.GetUID() != after.GetUID() ||
		before.GetGeneration() != after.GetGeneration() ||
		(before.GetDeletionTimestamp() == nil) != (after.GetDeletionTimestamp() == nil) ||
		!maps.Equal(before.GetAnnotations(), after.GetAnnotations()) ||
		!maps.Equal(before.GetLabels(), after.GetLabels()) {
		return true
	}
	// The kinds below have no generation.
	switch after := after.(type) {
	case *corev1.Service:
		before, ok := before.(*corev1.Service)
		return !ok || !equality.Semantic.DeepEqual(before.Spec, after.Spec) ||
			(client.ObjectKeyFromObject(after) == publish || after.Labels[gatewayLabel] != "") &&
				!equality.Semantic.DeepEqual(before.Status.LoadBalancer, after.Status.LoadBalancer)
	case *corev1.ConfigMap:
		before, ok := before.(*corev1.ConfigMap)
		return !ok || !maps.Equal(before.Data, after.Data)
	case *corev1.Secret:
		before, ok := before.(*corev1.Secret)
		return !ok || before.Type != after.Type || !equality.Semantic.DeepEqual(before.Data, after.Data)
	}
	return false
}
