// Package controller keeps a live copy of the objects that Sluice serves and
// turns their changes into calls of two functions.
//
// In: a *rest.Config and Options. Out: calls of Options.Build with a snapshot of
// all objects, and of Options.Endpoints with the EndpointSlices of one Service.
//
//   - Any change of an Ingress, IngressClass, Service, Secret or ProxyRoute, or of an
//     object of the Gateway API or one that only this refers to, that could alter
//     the table marks one single work key. When changes have been
//     quiet for Options.Holdoff, or after Options.MaxDelay of steady changes, one
//     goroutine makes a snapshot and calls Build. Builds never overlap, and there
//     is none before every kind has been listed once.
//   - A change of an EndpointSlice calls Endpoints at once, without a build.
//     Calls of Endpoints never overlap one another, but one may run while a Build
//     runs; Services that changed during a Build are sent again after it, so that
//     the endpoints of an older snapshot never stay.
//
// Kinds whose CRDs are not installed, or that this process may not list, are left out
// of snapshots until that changes.
//
// An API server that cannot be reached is waited for, for ever, at the start as
// well as later: nothing here ends the process. All replicas do all of this.
// Only what Election.Run guards, the writing of status, has one leader, and a
// lost lease ends that function alone.
//
// New, Run and Client may be called from any goroutine, Run once.
package controller
