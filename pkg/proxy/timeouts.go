package proxy

import (
	"errors"
	"net"
	"os"
	"time"
)

// Timeouts bound the phases of a client's connection. A field that is 0 means its default.
type Timeouts struct {
	// Handshake bounds a TLS handshake. Default 10 s.
	Handshake time.Duration
	// Hello bounds what says where a connection is to go before anything is answered: the ClientHello, where
	// the server name decides, and the header of the PROXY protocol. Default 5 s.
	Hello time.Duration
	// Head bounds a request's head, from its first byte to its last. Default 10 s.
	Head time.Duration
	// First bounds the time to the first byte of the first request of a connection. Default 30 s.
	First time.Duration
	// KeepAlive bounds the time between two requests of a connection. Default 60 s.
	KeepAlive time.Duration
	// Write bounds the time that a client may take no byte of what is sent to it. Default 60 s.
	Write time.Duration
	// BodyRate is how many bytes of a request's body a client must send per second on average, of
	// the time that is spent waiting for it, BodyGrace how long it may take besides. It
	// counts until the response begins, and not for gRPC. Default 240 bytes
	// per second and 10 s; a rate below 0 means none.
	BodyRate  int64
	BodyGrace time.Duration
	// Linger bounds the time spent on what a client still sends after its last
	// response, which would be lost if the connection were reset. Default 1 s.
	Linger time.Duration
	// DrainIdle is how long an idle connection is still served after Shutdown began. Default 3 s.
	DrainIdle time.Duration
}

// DefaultTimeouts returns the timeouts that a zero Timeouts stands for.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Handshake: 10 * time.Second,
		Hello:     5 * time.Second,
		Head:      10 * time.Second,
		First:     30 * time.Second,
		KeepAlive: 60 * time.Second,
		Write:     60 * time.Second,
		BodyRate:  240,
		BodyGrace: 10 * time.Second,
		Linger:    time.Second,
		DrainIdle: 3 * time.Second,
	}
}

func (t Timeouts) complete() Timeouts {
	def := DefaultTimeouts()
	for _, f := range []struct{ have, def *time.Duration }{
		{&t.Handshake, &def.Handshake},
		{&t.Hello, &def.Hello},
		{&t.Head, &def.Head},
		{&t.First, &def.First},
		{&t.KeepAlive, &def.KeepAlive},
		{&t.Write, &def.Write},
		{&t.BodyGrace, &def.BodyGrace},
		{&t.Linger, &def.Linger},
		{&t.DrainIdle, &def.DrainIdle},
	} {
		if *f.have <= 0 {
			*f.have = *f.def
		}
	}
	if t.BodyRate == 0 {
		t.BodyRate = def.BodyRate
	}
	return t
}

// deadline is what one direction of a connection was told last. Telling costs
// a lock and a timer, so a deadline that is a little later than asked for is left alone.
// The zero value stands for a connection that was told nothing.
type deadline struct {
	at time.Time
	// unknown says that others may have told it something else.
	unknown bool
}

// forget makes the next wait tell the connection in any case.
func (l *deadline) forget() { *l = deadline{unknown: true} }

// maxSlack bounds by how much a deadline may be late.
const maxSlack = 4 * time.Second

// after returns the deadline of a wait of d, 0 meaning no end, that begins now
// and must not outlast the instant end (zero: none); tell says whether the
// connection has to be told.
func (l *deadline) after(now time.Time, d time.Duration, end time.Time) (at time.Time, tell bool) {
	var want time.Time
	var slack time.Duration
	if d > 0 {
		want = now.Add(d)
		if d >= 2*time.Second {
			slack = min(d/16, maxSlack)
		}
	}
	if !end.IsZero() && (d <= 0 || end.Before(want)) {
		want, slack = end, 0
	}
	switch {
	case l.unknown:
	case want.IsZero() && l.at.IsZero():
		return want, false
	case !want.IsZero() && !l.at.IsZero() && !l.at.Before(want) && l.at.Sub(want) <= slack:
		return l.at, false
	}
	if !want.IsZero() {
		want = want.Add(slack)
	}
	*l = deadline{at: want}
	return want, true
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// isTimeout says that a deadline of a connection has passed.
func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
