// Package resolve is what the kinds of source objects share: from the reference
// to a back end to its upstream and endpoints, from the reference to a Secret to a
// certificate, and the fragments that the kinds hand to translate.
//
// In: a snapshot and references. Out: parts of the neutral model and facts. All
// functions are pure; a Resolver belongs to one translation and one goroutine.
package resolve
