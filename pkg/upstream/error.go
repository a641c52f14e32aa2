package upstream

import (
	"errors"
	"fmt"
)

// ErrNoEndpoints says that a pool has no endpoint that may be sent a request.
var ErrNoEndpoints = errors.New("no endpoint may be sent requests")

// ErrFull says that all endpoints of a pool have as many requests as they may.
var ErrFull = errors.New("all endpoints have as many requests as they may")

// Phase says how far a try had come when it failed.
type Phase uint8

const (
	// PhaseResolve is looking up an endpoint's name.
	PhaseResolve Phase = iota
	// PhaseConnect is making the connection.
	PhaseConnect
	// PhaseTLS is the handshake, in which the endpoint proves who it is.
	PhaseTLS
)

// String returns the phase in lower case.
func (p Phase) String() string {
	switch p {
	case PhaseResolve:
		return "resolve"
	case PhaseConnect:
		return "connect"
	case PhaseTLS:
		return "tls"
	}
	return "unknown"
}

// Fault says on whose side the cause of an error lies.
type Fault uint8

const (
	// FaultUpstream: the endpoint, or the way to it.
	FaultUpstream Fault = iota
	// FaultDownstream: the caller's context was cancelled, which means that the
	// client has gone or the exchange's time is over.
	FaultDownstream
	// FaultInternal: Sluice itself, for example because it ran out of file descriptors.
	FaultInternal
)

// String returns the side in lower case.
func (f Fault) String() string {
	switch f {
	case FaultUpstream:
		return "upstream"
	case FaultDownstream:
		return "downstream"
	case FaultInternal:
		return "internal"
	}
	return "unknown"
}

// Error is why an endpoint could not be connected to. No byte of a request has
// been sent when it is returned.
type Error struct {
	// Phase is how far the try came.
	Phase Phase
	// Endpoint is the address, with the name in front of it where it has one.
	Endpoint string
	// Fault says whose fault it is.
	Fault Fault
	// Retryable says that another endpoint, or the same one a little later, may
	// well succeed; it is false where the cause lies with the caller or where the
	// configuration forbids the connection.
	Retryable bool
	// Timeout says that the time for connecting was over.
	Timeout bool
	// Err is the cause.
	Err error
}

// Error returns phase, endpoint and cause.
func (e *Error) Error() string {
	return fmt.Sprintf("%s to endpoint %s: %v", e.Phase, e.Endpoint, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
