package proxy

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/pkg/limit/queue"
)

var (
	faultQueueFull    = &fault{status: 503, reason: "queue_full", side: ofSluice}
	faultQueueTimeout = &fault{status: 503, reason: "queue_timeout", side: ofSluice}
)

// admit waits for a slot of the route's limiter. turnedAway says that there is
// none, and that what is returned is all that is left to be done.
func (x *exchange) admit() (f *fault, turnedAway bool) {
	a := x.route.Admission
	if a.Limiter.Try() {
		x.slot = a.Limiter
		return nil, false
	}
	bound := time.Duration(-1)
	if !x.deadline.IsZero() {
		bound = max(time.Until(x.deadline), 0)
	}
	gone, stop := x.down.watch()
	defer stop()
	switch a.Limiter.Enter(x.turn(), bound, gone) {
	case queue.Admitted:
		x.slot = a.Limiter
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
	x.resp.Header.Add("Retry-After", strconv.AppendInt(nil, int64(a.RetrySeconds), 10))
	return x.answer(x.fault.status, x.fault.reason, nil), true
}

// turn returns what tells this client from others in the queue.
func (x *exchange) turn() string {
	a := x.route.Admission
	switch {
	case a.ByAddress:
		address := x.client.Addr().Unmap()
		if address.Is6() {
			// Whoever has one address of a /64 has all of them.
			return netip.PrefixFrom(address.WithZone(""), 64).Masked().String()
		}
		return address.String()
	case a.Header != "":
		return string(x.req.Header.Get(a.Header))
	}
	return ""
}

// leaveSlot gives the slot back, where there is one.
func (x *exchange) leaveSlot() {
	if x.slot != nil {
		x.slot.Leave()
		x.slot = nil
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
