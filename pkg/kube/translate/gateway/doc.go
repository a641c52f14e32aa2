// Package gateway translates the objects of the Gateway API
// (gateway.networking.k8s.io/v1).
//
// In: the objects of a snapshot. Out: listeners, sets of routes and what they
// refer to, the verdicts about every object that is ours, and facts about what
// is not served as it is written. The functions are pure. They take nothing for granted that
// the validation of the CRDs promises, as objects may have come another way.
//
// Each port of a Gateway is a socket of its own with a set of routes of its own.
// A request belongs to that listener of the port whose host name is the most
// specific for its host, and to no other; within it the routes are tried
//
//  1. by the host name that the route itself has, the more specific first;
//  2. by the match, the more specific first (for GRPCRoutes: the longer service,
//     then the longer method, then the more headers);
//  3. by the age of the route, then its namespace and name;
//  4. by their order in the route.
//
// Of equal matches the first serves, also where its back end is invalid.
package gateway
