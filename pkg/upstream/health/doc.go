// Package health decides from what happens to requests and to probes whether an endpoint is to
// be sent more of them.
//
// In: the outcomes of tries and of probes, a policy, and the time. Out: which endpoint is out,
// and until when. Nothing here reads a clock, waits or does I/O; pkg/upstream does, and makes
// its lists of endpoints from the answers.
//
// Succeeded, Failed and the questions may be used by any goroutine at any time. The owner of a
// Member makes sure that Eject and Return are called by one goroutine at a time.
package health
