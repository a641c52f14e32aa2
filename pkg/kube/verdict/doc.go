// Package verdict is what a translation finds about the objects of the Gateway API:
// what their status should say.
//
// In: pkg/kube/translate fills a Set, beside the model and the facts. Out:
// pkg/kube/status writes it to the objects, and makes the Services that lead to
// the ports of Gateways. It is plain data without behaviour.
//
// Conditions are in the order of their types and carry the generation of the
// object that they are about, but no time: whoever writes them knows since when they
// hold. They are all of the conditions that Sluice owns there. Entries of status
// lists belong to Sluice by their controllerName; those of others are none of
// its business.
//
// A Set is filled by one goroutine and read-only from the moment it is handed
// on. The objects in it are those of the snapshot and may not be changed.
package verdict
