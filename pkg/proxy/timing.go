package proxy

import "time"

// timeTry begins to time a try, where the pool goes by response times. The clock
// is read anew, as what the request waited for before is not the endpoint's.
func (x *exchange) timeTry() {
	if x.pool.Timed() {
		x.picked = time.Now()
	}
}

// timeAnswer tells the endpoint's pool how long the response's head took.
func (x *exchange) timeAnswer() {
	if !x.picked.IsZero() {
		x.last.Answered(x.headAt, x.headAt.Sub(x.picked))
		x.picked = time.Time{}
	}
}

// timeFault tells the endpoint's pool that there was no head by the endpoint's fault.
func (x *exchange) timeFault(f *fault) {
	if f.side == ofEndpoint && !x.picked.IsZero() {
		now := time.Now()
		x.last.Failed(now, now.Sub(x.picked))
	}
	x.picked = time.Time{}
}
