package proxy

import (
	"slices"
	"time"

	"github.com/sluice-dev/sluice/pkg/upstream"
)

// ownTries bounds the tries of a request whose route says nothing of retries.
const ownTries = 3

// usualTries is how many endpoints an exchange remembers without memory of its own for it.
const usualTries = 8

// remember notes an endpoint that was picked, so that it is not tried again as long as there is another.
func (x *exchange) remember(e *upstream.Endpoint) {
	if x.tried == nil {
		x.tried = x.triedRoom[:0]
	}
	x.tried = append(x.tried, e)
	x.last = e
	x.tries++
}

// tryUntilDone makes tries as long as they fail and another may follow.
func (x *exchange) tryUntilDone() *fault {
	for {
		f, again := x.try()
		switch {
		case f == nil:
			return nil
		case x.down.gone():
			return faultClientGone // It is why the try failed.
		case !again || !x.triesLeft():
			return f
		case x.overdue():
			if f == faultRetryStatus {
				return faultRequestSlow
			}
			return f
		}
		failed := f
		if f, again = x.beforeRetry(f); !again {
			return f
		}
		if !x.reseat() {
			if failed == faultRetryStatus {
				return faultQueueTimeout
			}
			return failed
		}
		x.labels.counter.Retried()
	}
}

// triesLeft says that another try may follow by number and time.
func (x *exchange) triesLeft() bool {
	if r := x.route.Retry; r.Own {
		return x.tries <= r.Attempts && (r.Within <= 0 || time.Since(x.start) < r.Within)
	}
	return x.tries < ownTries
}

// mayFollow says that another try may follow one that failed; sent says that the
// endpoint may have got some of the request.
func (x *exchange) mayFollow(f *fault, sent bool) bool {
	if x.headSent || x.interim || !x.body.replayable() || sent && !idempotent(x.req.Method) {
		return false
	}
	r := x.route.Retry
	if !r.Own {
		return f.retryable
	}
	switch f {
	case faultRetryStatus:
		return true // It was asked before.
	case faultEndpointSlow, faultConnectSlow:
		return r.OnTimeout || f.retryable && r.OnConnect
	case faultEndpointSend, faultEndpointClosed, faultEndpointRefused:
		return r.OnReset || !sent
	}
	return f.retryable && r.OnConnect
}

// retriesStatus says that the response's status is one after which the request is
// tried again, and that it can be.
func (x *exchange) retriesStatus() bool {
	r := x.route.Retry
	if len(r.Statuses) == 0 || !slices.Contains(r.Statuses, x.resp.Status) || !x.triesLeft() || x.overdue() {
		return false
	}
	if x.headSent || x.interim || !x.body.replayable() || !idempotent(x.req.Method) {
		return false
	}
	// Where the constraint is used up, the response is not passed on: beforeRetry answers.
	return x.takeBudget() || x.spent
}

// takeBudget takes a further try out of the route's budget, which an exchange does once, and counts
// it for the upstream's constraint, which is done for each.
func (x *exchange) takeBudget() bool {
	if x.granted {
		return true
	}
	if percent := x.route.Retry.BudgetPercent; percent != 0 && !x.budgeted {
		x.budgeted = x.pool.Budget().Retry(percent)
		if !x.budgeted {
			return false
		}
	}
	if c := x.pool.Constraint(); c != nil && !c.Retry(time.Now()) {
		x.spent = true
		return false
	}
	x.granted = true
	return true
}

// beforeRetry asks the budget and waits as long as the route says; false means
// that the exchange ends with a fault.
func (x *exchange) beforeRetry(f *fault) (*fault, bool) {
	if x.spent || !x.takeBudget() {
		if x.spent {
			return faultRetriesSpent, false
		}
		return f, false
	}
	x.granted = false
	if d := x.route.Retry.Backoff; d > 0 {
		if !x.deadline.IsZero() {
			d = min(d, max(time.Until(x.deadline), 0))
		}
		if !x.pause(d) {
			return faultClientGone, false
		}
	}
	if x.overdue() {
		return faultRequestSlow, false
	}
	return nil, true
}

// leaveBudget gives back what takeBudget took.
func (x *exchange) leaveBudget() {
	if x.budgeted {
		x.budgeted = false
		x.pool.Budget().RetryDone()
	}
}

// tryBound returns how long a try may take to its response's head; 0: no bound.
func (x *exchange) tryBound() time.Duration {
	bound, own := x.route.Timeouts.BackendRequest, x.route.Retry.PerTry
	if own > 0 && (bound <= 0 || own < bound) {
		return own
	}
	return bound
}

// idempotent says whether a method may be sent twice (RFC 9110 section 9.2.2).
func idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return true
	}
	return false
}
