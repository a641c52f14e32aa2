package proxy

import (
	"errors"
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

var (
	faultQueueFull    = &fault{status: 503, reason: "queue_full", side: ofSluice}
	faultQueueTimeout = &fault{status: 503, reason: "queue_timeout", side: ofSluice}
)

// admit waits for a slot of the route's limiter. turnedAway says that there is
// none, and that what is returned is all that is left to be done.
func (x *exchange) admit() (f *fault, turnedAway bool) {
	switch x.enter() {
	case queue.Admitted:
		return nil, false
	case queue.Gone:
		return faultClientGone, true
	case queue.TimedOut:
		if x.overdue() {
			return faultRequestSlow, true
		}
		x.fault = faultQueueTimeout
	default:
		x.fault = faultQueueFull
	}
	x.resp.Reset()
	x.resp.Header.Add("Retry-After", strconv.AppendInt(nil, int64(x.route.Admission.RetrySeconds), 10))
	return x.answer(x.fault.status, x.fault.reason, nil), true
}

// enter takes a slot of the route's limiter and waits for it if it must.
func (x *exchange) enter() queue.Outcome {
	a := x.route.Admission
	var r queue.Request
	if a.Seated {
		r.Seats = (*seats)(x)
	}
	if seat, ok := a.Limiter.Try(r); ok {
		x.sit(seat)
		return queue.Admitted
	}
	bound := time.Duration(-1)
	if !x.deadline.IsZero() {
		bound = max(time.Until(x.deadline), 0)
	}
	gone, stop := x.down.watch()
	defer stop()
	r.Client = x.turn()
	if a.Priority != nil {
		var known bool
		r.Class, known = a.Priority.Class(&x.in, x.fx.Claims)
		r.Unclassed = !known
	}
	seat, outcome := a.Limiter.Enter(r, bound, gone)
	if outcome == queue.Admitted {
		x.sit(seat)
	}
	return outcome
}

// sit notes the slot that was taken, and the endpoint that came with it.
func (x *exchange) sit(seat queue.Seat) {
	x.slot, x.seat = x.route.Admission.Limiter, seat
	x.seated, _ = seat.(*upstream.Endpoint)
}

// seats are what the exchange may choose its endpoint from.
type seats exchange

// Group implements queue.Seats. A request that was tried has endpoints to avoid of its own.
func (s *seats) Group() any {
	if s.tries > 0 {
		return s
	}
	return s.pool
}

// Take implements queue.Seats. Where no endpoint serves, there is nothing to wait for.
func (s *seats) Take(full func(queue.Seat) bool) (queue.Seat, bool) {
	e, err := s.pool.PickBelow(s.ask, full, s.tried...)
	switch {
	case err == nil:
		return e, true
	case errors.Is(err, upstream.ErrFull):
		return nil, false
	}
	return nil, true
}

// pick chooses the endpoint of the next try: that which came with the slot, where the
// route's limiter gives them.
func (x *exchange) pick() (*upstream.Endpoint, error) {
	if a := x.route.Admission; a == nil || !a.Seated {
		return x.pool.PickFor(x.ask, x.tried...)
	}
	e := x.seated
	if e == nil {
		return nil, upstream.ErrNoEndpoints
	}
	x.seated = nil
	return e, nil
}

// reseat gives back the endpoint of a try that failed and takes another, in the turn of the
// client, where the route's limiter gives them. False means that there is none in time.
func (x *exchange) reseat() bool {
	if a := x.route.Admission; a == nil || !a.Seated {
		return true
	}
	x.leaveSlot()
	return x.enter() == queue.Admitted
}

// turn returns what tells this client from others in the queue.
func (x *exchange) turn() string {
	a := x.route.Admission
	switch {
	case a.ByAddress:
		return household(x.client.Addr()).String()
	case a.Header != "":
		return string(x.req.Header.Get(a.Header))
	case a.Claim != "":
		// Only a filter that has verified the token leaves claims.
		text, _ := x.fx.Claims.Text(a.Claim)
		return text
	}
	return ""
}

// leaveSlot gives the slot back, where there is one, and the endpoint of a try that never came.
func (x *exchange) leaveSlot() {
	if x.seated != nil {
		x.seated.Done()
		x.seated = nil
	}
	if x.slot != nil {
		x.slot.Leave(x.seat)
		x.slot, x.seat = nil, nil
	}
}

// watch tells when the client leaves or is cut off; it must be stopped before
// anything else is read.
func (c *connection) watch() (gone <-chan struct{}, stop func()) {
	left, unwatch := watchSocket(c.raw)
	if left == nil {
		return c.proxy.ctx.Done(), func() {}
	}
	return left, func() {
		unwatch()
		c.readLimit.forget()
	}
}
