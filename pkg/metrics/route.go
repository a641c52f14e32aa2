package metrics

import "time"

// Route counts the requests of one route.
type Route struct{}

// Begin counts a request as in flight until Observe.
func (r *Route) Begin() {}

// Observe counts a finished request: the status sent (0: none), the duration
// from its first byte to the last of the response, and the bytes of both bodies.
func (r *Route) Observe(status int, took time.Duration, in, out int64) {}

// Retried counts a try beyond the first.
func (r *Route) Retried() {}
