// Package v1alpha1 holds Sluice's own API: the kinds of the group sluice.dev.
//
// In: manifests, from the API server or from files. Out: plain values for
// pkg/kube. What a field means stands at the field; what the API server refuses
// stands in the markers beside it, and the CRD in config/crd/bases is generated
// from both. The types have no behaviour.
//
// +kubebuilder:object:generate=true
// +groupName=sluice.dev
package v1alpha1
