// Package filter holds what the proxy and the filters know of each other: the
// phases in which a filter acts, the Exchange that it sees, and the Answer by
// which it ends an exchange early.
//
// A filter instance is made once for a table (pkg/filter/build) and is called
// by many goroutines at once, each with an Exchange of its own; it holds no
// state of one exchange. A filter implements the interfaces of just the phases
// that it needs; table.Compile sorts them, so that a phase without filters
// costs nothing.
package filter
