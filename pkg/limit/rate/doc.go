// Package rate bounds how many requests of one client may come in a time.
//
// In: the key of a client and an instant, from any goroutine. Out: a Decision.
// A Limiter lets Limit.Requests in per Limit.Per, evenly spread, and Limit.Burst at
// once after a rest. It keeps one instant for each client that has not rested long
// enough (the generic cell rate algorithm), up to a bound: beyond it the client
// that is nearest to having rested is forgotten, of a few looked at. To decide
// takes one lock of many and no memory but for a client that is new.
//
// A Registry holds the limiters by key, so that they outlive tables.
package rate
