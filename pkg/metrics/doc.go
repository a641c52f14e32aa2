// Package metrics holds the process's metrics: one Prometheus registry, and
// handles that are looked up when a table is compiled or a listener opened,
// never for a request.
//
// In: the proxy, the upstreams and the table tell their handles what happened.
// Out: Handler serves the exposition format. Every name begins with "sluice_",
// apart from Go's and the process's own. No label's value is what a client sent: their number is
// bounded by what is configured, and Retain drops what is not any more.
//
// Handles may be used by any number of goroutines at once; Observe and the
// counters do not lock and do not allocate.
package metrics
