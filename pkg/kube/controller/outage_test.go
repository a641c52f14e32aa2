package controller

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// roundTrips answers the attempts of a request in turn; the last one for ever.
type roundTrips struct {
	errs []error
	made int
}

func (r *roundTrips) RoundTrip(*http.Request) (*http.Response, error) {
	err := r.errs[min(r.made, len(r.errs)-1)]
	r.made++
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

func TestPatientHoldsReadsBackWhileTheServerIsAway(t *testing.T) {
	const readDeadline = 59500 * time.Millisecond // Between two attempts.
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	broken := errors.New("unexpected EOF")
	cases := map[string]struct {
		method   string
		errs     []error
		attempts int
		outages  int
		after    time.Duration
		want     error
	}{
		"an answer is passed on": {
			method: http.MethodGet, errs: []error{nil}, attempts: 1,
		},
		"a read waits until the server is back": {
			method: http.MethodGet, errs: []error{refused, refused, refused, nil}, attempts: 4, outages: 1, after: 3 * time.Second,
		},
		"a read that the server may have seen fails": {
			method: http.MethodGet, errs: []error{broken}, attempts: 1, want: broken,
		},
		"a write fails at once": {
			method: http.MethodPatch, errs: []error{refused}, attempts: 1, want: refused,
		},
		"a read ends with its context": {
			method: http.MethodGet, errs: []error{refused}, attempts: 60, outages: 1, after: readDeadline, want: refused,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), readDeadline)
				defer cancel()
				r, err := http.NewRequestWithContext(ctx, c.method, "https://192.0.2.1/apis", nil)
				if err != nil {
					t.Fatal(err)
				}
				next := &roundTrips{errs: c.errs}
				outages, returns := 0, 0
				p := &patient{next: next, pause: outageRetry, outage: func(error) { outages++ }, back: func() { returns++ }}
				resp, err := p.RoundTrip(r)
				if !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				if resp != nil {
					_ = resp.Body.Close()
				}
				if want := min(c.outages, len(c.errs)-1); returns != want {
					t.Errorf("told of %d returns of the server, want %d", returns, want)
				}
				if next.made != c.attempts || outages != c.outages || time.Since(start) != c.after {
					t.Errorf("%d attempts, %d outages told, after %v; want %d, %d, %v",
						next.made, outages, time.Since(start), c.attempts, c.outages, c.after)
				}
			})
		})
	}
}
