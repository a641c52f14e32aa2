// Package snapshot is the Kubernetes objects of one moment: a sorted,
// immutable set with the look-ups that translators need.
//
// In: objects from the caches of a client or from files (Builder.Add). Out: a
// *Snapshot for pkg/kube/translate and pkg/kube/status. No clients, no clock.
//
// Objects are not copied. Whoever adds one may not change it any more, and whoever
// gets one from a Snapshot may not change it at all. A Builder belongs to one
// goroutine; a Snapshot may be read from any.
package snapshot
