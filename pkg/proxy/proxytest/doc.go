// Package proxytest starts a whole proxy for tests: an ir.Config is compiled to
// a table and served, on a network in memory or on loopback, in front of
// endpoints that a test writes as functions of a connection.
//
// In: a Config, and endpoints by name. Out: connections to the proxy as a
// client has them, and the access log. The network in memory works with
// testing/synctest, since nothing in it waits for the world outside. All of it ends with the test.
package proxytest
