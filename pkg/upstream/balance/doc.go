// Package balance chooses one of several endpoints by number. It knows neither
// connections nor addresses: in come the members of a group, each with its requests
// under way and its response times, and what is known of the request; out goes
// the number of a member.
//
// Every strategy avoids the members in skip as long as there is another one; a
// group must have at least one. All of it may be called by many goroutines at
// once and allocates nothing. There is no clock: whoever calls
// gives the time.
package balance
