// Package proxyroute translates ProxyRoute objects (sluice.dev/v1alpha1).
//
// In: the ProxyRoutes of a snapshot that are ours. Out: a fragment for each, with
// facts about what is not served as it is written. The functions are pure. They take
// nothing for granted that the CRD's validation promises, as the objects may
// have come another way.
package proxyroute
