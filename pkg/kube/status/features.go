package status

import (
	"cmp"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/features"
)

// supportedFeatures returns what a GatewayClass claims, sorted by name: each
// feature of the Gateway API that is not about a mesh.
func supportedFeatures() []gatewayv1.SupportedFeature {
	mesh := features.SetsToNamesSet(features.MeshCoreFeatures, features.MeshExtendedFeatures)
	var claimed []gatewayv1.SupportedFeature
	for name := range features.SetsToNamesSet(features.AllFeatures) {
		if !mesh.Has(name) {
			claimed = append(claimed, gatewayv1.SupportedFeature{Name: gatewayv1.FeatureName(name)})
		}
	}
	slices.SortFunc(claimed, func(a, b gatewayv1.SupportedFeature) int { return cmp.Compare(a.Name, b.Name) })
	return claimed
}
