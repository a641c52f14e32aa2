package ir

import (
	"strconv"
	"time"
)

// RetryConstraint bounds how many of the requests to an upstream are further tries, over a time. A
// request that would be tried again beyond it is answered 503. The zero value bounds nothing.
type RetryConstraint struct {
	// Percent is how many further tries there may be for each hundred requests of Window, up to 100.
	Percent int
	// Window is the time that is looked back; 0 means that there is no constraint, and then the other
	// fields are zero.
	Window time.Duration
	// MinRetries may be made within MinInterval in any case; 0 for none, with both.
	MinRetries  int
	MinInterval time.Duration
}

// String returns the constraint as one line, nothing for the zero value.
func (c RetryConstraint) String() string {
	if c == (RetryConstraint{}) {
		return ""
	}
	line := "retries=" + strconv.Itoa(c.Percent) + "% in=" + c.Window.String()
	if c.MinRetries != 0 {
		line += " or=" + strconv.Itoa(c.MinRetries) + " in=" + c.MinInterval.String()
	}
	return line
}

func (v *validator) retryConstraint(c RetryConstraint) {
	if c.Window == 0 {
		v.check(c == RetryConstraint{}, "a constraint of retries over no time says something")
		return
	}
	v.check(c.Percent >= 0 && c.Percent <= 100, "the share of retries is not between 0 and 100 percent")
	v.check(c.Window > 0 && c.MinInterval >= 0, "a time of the constraint of retries is negative")
	v.check(c.MinRetries >= 0 && (c.MinRetries == 0) == (c.MinInterval == 0), "the least number of retries is negative, or lacks its time, or the other way round")
}
