package proxy

import (
	"errors"
	"syscall"
	"time"

	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// forward sends the request to an endpoint, or to another if that is safe, and
// relays the response.
func (x *exchange) forward() *fault {
	if x.body.buffers(x) { // A slow client must hold no slot.
		if f := x.body.buffer(x); f != nil {
			return f
		}
	}
	limits := x.route.Admission
	if limits != nil && !limits.Seated {
		if f, turnedAway := x.admit(); turnedAway {
			return f
		}
	}
	outcome := x.route.Choose(&x.in)
	x.serveVersion(outcome.Version)
	if failure := outcome.Failure; failure != nil {
		return x.unserved(failure)
	}
	x.pool, x.ask = outcome.Pool, outcome.Ask
	if limits != nil && limits.Seated {
		if f, turnedAway := x.admit(); turnedAway {
			return f
		}
	}
	if b := outcome.Filters; b != nil {
		if a := x.filterBackend(b); a != nil {
			return x.answerFor(a)
		}
		if x.bounds.body > 0 && x.body.taken() > x.bounds.body {
			return faultBodyTooLarge // It was read before the backend was known.
		}
	}
	if b := x.pool.Breaker(); b != nil {
		if f, turnedAway := x.enterCircuit(b); turnedAway {
			return f
		}
	}
	if x.route.Connect {
		f := x.tryUntilDone()
		x.tellCircuitOf(f)
		return f
	}
	x.planCopies(outcome.Filters)
	x.req.Version = wire.HTTP11
	// What the connection to the client means says nothing about that to the endpoint.
	x.req.Close, x.req.ExpectContinue = false, false
	if wire.EqualName(x.req.Upgrade, "h2c") {
		x.req.Upgrade = nil
	}
	if x.pool.Multiplexed() && lacksKey(&x.req) {
		return faultWebSocketKey
	}
	if f := x.body.prepare(x); f != nil {
		return f
	}
	if !x.body.streams {
		x.sendCopies(x.body.held)
	}
	if budget := x.pool.Budget(); budget.Begin(x.route.Retry.BudgetPercent > 0) {
		defer budget.End()
	}
	if c := x.pool.Constraint(); c != nil {
		c.Count(time.Now())
	}
	f := x.tryUntilDone()
	x.tellCircuitOf(f)
	if f == faultReplaced {
		return x.answerReplaced()
	}
	return f
}

// overdue says that the exchange's time is over.
func (x *exchange) overdue() bool {
	return !x.deadline.IsZero() && !time.Now().Before(x.deadline)
}

// try makes one try; again says that another may follow.
func (x *exchange) try() (f *fault, again bool) {
	e, err := x.pick()
	if err != nil {
		return faultNoEndpoint, false
	}
	defer e.Done()
	x.tryStart = x.start
	if x.tries > 0 {
		x.tryStart = time.Now()
	}
	x.remember(e)
	x.timeTry()
	if err := x.connect(e); err != nil {
		f = ofConnect(err)
		x.timeFault(f)
		x.judge(f)
		return f, x.mayFollow(f, false)
	}
	if x.route.Connect {
		f = x.openTunnel()
		x.judge(f)
		return f, false
	}
	sent, f := x.send()
	if f == nil {
		f = x.receive()
	}
	// The endpoint may have answered before it took all of the request.
	x.body.settle(x, f == nil && !x.resp.Close)
	if (f == faultRetryStatus || f == faultReplaced) && x.up.DrainBody(maxDiscard) {
		x.release(nil)
	}
	if x.up != nil {
		x.release(f)
	}
	x.judge(f)
	if f == nil {
		return nil, false
	}
	sent = sent && f != faultEndpointRefused
	x.timeFault(f)
	x.fresh = f != faultRetryStatus
	return f, x.mayFollow(f, sent)
}

// connect takes a connection to the endpoint. After one that was dead it is a
// new one: so may the other idle ones be.
func (x *exchange) connect(e *upstream.Endpoint) error {
	bound := x.route.Timeouts.Connect
	if !x.deadline.IsZero() {
		left := max(time.Until(x.deadline), time.Millisecond)
		if bound <= 0 || left < bound {
			bound = left
		}
	}
	up, err := x.take(e, bound)
	if err != nil {
		return err
	}
	x.up = up
	x.down.using(x.up)
	if len(x.original.authority) == 0 && (x.unnamed || len(x.req.Authority) == 0) {
		x.unnamed, x.req.Authority = true, []byte(e.Address())
	}
	return nil
}

// release ends the use of the endpoint's connection.
func (x *exchange) release(f *fault) {
	up := x.up
	x.down.using(nil)
	x.up = nil
	if f != nil {
		up.Close()
		return
	}
	up.Put()
}

// dropEndpoint closes the endpoint's connection.
func (x *exchange) dropEndpoint() {
	up := x.up
	x.down.using(nil)
	x.up = nil
	up.Close()
}

// send writes the request; sent says that the endpoint may have got some of it.
// A body that is still coming follows in the background.
func (x *exchange) send() (sent bool, f *fault) {
	x.armTry()
	if err := x.up.WriteRequest(&x.req); err != nil {
		switch {
		case errors.Is(err, h1.ErrInvalidHead), errors.Is(err, h2.ErrInvalidHead):
			return false, faultUnwritable
		case errors.Is(err, h2.ErrUpgrade):
			return false, faultNoUpgrade
		}
		return false, x.ofSend(err)
	}
	if x.body.streams {
		return x.body.start(x)
	}
	err := x.up.WriteBody(x.body.held)
	if err == nil && !x.opensTunnel() {
		err = x.up.FinishBody(nil)
	}
	if err == nil {
		err = x.up.Flush()
	}
	if errors.Is(err, h2.ErrClosed) {
		return true, nil // The endpoint may have answered before it took all; what is read next says.
	}
	if err != nil {
		return x.ofFirst(err)
	}
	return true, nil
}

// ofFirst maps an error of the first write of a request: on a connection it is refused as a whole or not at all,
// as nothing was in its way.
func (x *exchange) ofFirst(err error) (sent bool, f *fault) {
	refused := errors.Is(err, h2.ErrRefused) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
	return !refused, x.ofSend(err)
}

func (x *exchange) ofSend(err error) *fault {
	switch {
	case isTimeout(err):
		return x.late(faultEndpointSlow)
	case errors.Is(err, h2.ErrRefused):
		return faultEndpointRefused
	}
	return faultEndpointSend
}

// late tells which time is over: that of the exchange or that of the phase.
func (x *exchange) late(f *fault) *fault {
	if x.overdue() {
		return faultRequestSlow
	}
	return f
}

// armTry bounds the time to the response's head.
func (x *exchange) armTry() {
	var at time.Time
	if d := x.tryBound(); d > 0 {
		at = x.tryStart.Add(d)
	}
	if !x.deadline.IsZero() && (at.IsZero() || x.deadline.Before(at)) {
		at = x.deadline
	}
	if !at.IsZero() {
		x.up.SetDeadline(at)
	}
}
