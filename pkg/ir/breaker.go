package ir

import (
	"strconv"
	"time"
)

// Breaker opens the circuit to an upstream at which too many requests fail: for a while none is
// sent there, and then a few, to see. The zero value never does.
type Breaker struct {
	// ErrorPercent is how many of the requests must fail at least, between 1 and 100; 0 means
	// that there is no breaker, and then the other fields are zero.
	ErrorPercent int
	// MinRequests is how many requests there must be at least before their share of failures
	// says something.
	MinRequests int
	// Window is the time that is looked back.
	Window time.Duration
	// OpenFor is how long no request is sent.
	OpenFor time.Duration
	// HalfOpen is how many requests are sent then, which must all succeed.
	HalfOpen int
}

// String returns the breaker as one line, nothing for the zero value.
func (b Breaker) String() string {
	if b == (Breaker{}) {
		return ""
	}
	return "break-at=" + strconv.Itoa(b.ErrorPercent) + "% of=" + strconv.Itoa(b.MinRequests) + " in=" + b.Window.String() +
		" open-for=" + b.OpenFor.String() + " half-open=" + strconv.Itoa(b.HalfOpen)
}

func (v *validator) breaker(b Breaker) {
	if b.ErrorPercent == 0 {
		v.check(b == Breaker{}, "a breaker that never opens says something")
		return
	}
	v.check(b.ErrorPercent >= 1 && b.ErrorPercent <= 100, "the share of failures that opens the breaker is not between 1 and 100 percent")
	v.check(b.MinRequests >= 1 && b.HalfOpen >= 1, "a number of requests of the breaker is below 1")
	v.check(b.Window > 0 && b.OpenFor > 0, "a time of the breaker is not positive")
}
