// Package breaker decides from the outcomes of requests whether more of them are to be sent to an
// upstream, or none for a while.
//
// In: the beginnings and the ends of requests, a policy, and the time. Out: whether a request may be
// sent, and if not, when to come again. Nothing here reads a clock, waits or does I/O.
//
// A breaker is closed, and lets all pass, until too many of the requests that ended within the
// window failed. Then it is open, and lets none pass. When its time is over it is half-open: it
// lets a few pass, to see. If all of them end well it is closed, and if one fails it is open again. What
// a request tells that began in an earlier state is not listened to.
//
// A Breaker may be used by any goroutine at any time. It allocates nothing.
package breaker
