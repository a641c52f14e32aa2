package controller

import (
	"errors"
	"net"
	"net/http"
	"syscall"
	"time"
)

// outageRetry is the pause between two attempts to reach an API server that is away.
const outageRetry = time.Second

// patient holds GET requests back while the API server cannot be reached at all,
// instead of letting them fail. The lists and watches of a cache back off for up
// to a minute after failures; held back, they go on within about a second of the
// server's return, and a watch goes on where it was, without a new list.
type patient struct {
	next http.RoundTripper
	// outage is told when the first attempt of a request fails.
	outage func(err error)
	pause  time.Duration
}

// RoundTrip repeats a GET until it is answered, whatever the answer, or until the
// request's context is done.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		resp, err := p.next.RoundTrip(r)
		if err == nil || r.Method != http.MethodGet || !unreachable(err) {
			return resp, err
		}
		if attempt == 0 {
			p.outage(err)
		}
		pause := time.NewTimer(p.pause)
		select {
		case <-r.Context().Done():
			pause.Stop()
			return nil, err
		case <-pause.C:
		}
	}
}

// unreachable reports whether no connection was made, so that the server cannot
// have seen the request.
func unreachable(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
