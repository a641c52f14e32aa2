// Package conformance runs the official conformance suite of the Gateway API
// against a cluster on which Sluice is installed (`make conformance`).
//
// It is a module of its own, for the suite's dependencies are not Sluice's.
// In comes a kubeconfig; the addresses of Gateways must be reachable from where
// the test runs. Out come the suite's log and, if asked for, its report.
package conformance
