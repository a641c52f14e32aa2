// Package ingress translates Ingress objects (networking.k8s.io/v1).
//
// In: the Ingresses of a snapshot that are ours. Out: a fragment for each, with
// facts about what is not served as it is written. The functions are pure.
package ingress
