// Package match finds the route of a request: hosts from the most to the least
// specific, and within a host the first route, in the order given, all of whose
// conditions hold.
//
// In goes a list of hosts with their routes, each with a payload of the
// caller's (New). Out comes an immutable Matcher. Find does what a scan of the
// lists would do, without allocating and at a cost that does not grow with the
// number of hosts or of paths; Explain does it slowly and says why.
//
// Host, path and query are untrusted bytes of a request; Host and Path must
// have been through NormalizeHost and NormalizePath, so that matching, forwarding and
// logging all see the same text. The package knows nothing of HTTP messages:
// headers are looked up through a small interface.
//
// A Matcher may be used by any number of goroutines at once. An Input belongs
// to the one goroutine that calls Find with it.
package match
