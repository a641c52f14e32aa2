package controller

import (
	"errors"
	"net"
	"net/http"
	"sync/atomic"
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
	next  http.RoundTripper
	pause time.Duration
	// outage is called when the server is found to be away, back when it answers again.
	outage func(err error)
	back   func()

	away atomic.Bool
}

// RoundTrip repeats a GET until it is answered, whatever the answer, or until the
// request's context is done.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	for {
		resp, err := p.next.RoundTrip(r)
		if err == nil && p.away.CompareAndSwap(true, false) {
			p.back()
		}
		if err == nil || r.Method != http.MethodGet || !unreachable(err) {
			return resp, err
		}
		if p.away.CompareAndSwap(false, true) {
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
