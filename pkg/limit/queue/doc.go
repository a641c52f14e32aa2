// Package queue bounds how much runs at once, and lets what is beyond it wait
// in a bounded line.
//
// In: requests for a slot, from any goroutine, and slots given back. Out: an
// Outcome for each request. A Limiter never lets more than Limits.MaxActive run,
// never lets more than Limits.Length wait, and grants each slot that comes free to who
// waits at once. Without waiting, a request costs one lock and no memory.
//
// Who waits stands in a line of its client; the clients take turns, so that one
// that sends many requests delays the others by one request a turn only. Where
// the line is full, a client with fewer waiting requests takes the place of the
// newest request of the client that has the most. Where all requests name one and the
// same client, this is a plain queue or stack.
//
// Requests may have classes: one that waits is served before all those of later classes, and
// takes the place of one of them where the line is full. A request may run at a Seat, which
// it chooses from its Seats when it gets its slot; Limits.PerSeat bounds how many run at
// each. Of those who wait, the first in order for whom there is a seat gets the slot.
//
// A Registry holds the limiters by key, so that they outlive tables.
package queue
