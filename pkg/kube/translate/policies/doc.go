// Package policies finds the ProxyPolicies for what is served, and says what they come to.
//
// In: the ProxyPolicies of a snapshot, and from the kinds of objects that policies can be
// for: which of them are served. Out: settings and filters for routes and back ends, facts
// about what is invalid, and the verdicts about all policies. A Set belongs to one
// translation and one goroutine.
//
// Of several policies for one target the oldest counts, as a whole. Of those for a target
// and for what it is part of, the more specific goes before, setting by setting: a port of
// a Service, the Service, an ExtensionRef of a rule, the rule, the route, the listener,
// its ListenerSet, the Gateway. Filters of one type count from the most specific that has any.
package policies
