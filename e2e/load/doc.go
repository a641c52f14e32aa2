// Package load sends HTTP/1.1 requests at a steady rate and counts every one
// that fails.
//
// In: where to send, what to expect. Out: a Result with each failure's kind and
// moment. It speaks over connections of its own, without net/http's Transport,
// because that one silently repeats requests; here a request is sent once, and
// whatever goes wrong with it counts. The one courtesy a client owes is kept: a
// connection whose response said "Connection: close" is not used again (RFC
// 9112 section 9.6).
//
// Start and Stop may be called from any goroutine; a Run owns its goroutines
// and ends them in Stop.
package load
