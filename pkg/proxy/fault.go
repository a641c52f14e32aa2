package proxy

import (
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
	"github.com/sluice-dev/sluice/pkg/wire/h3"
)

// side says whose fault something is, in the words of the access log.
type side string

const (
	ofNobody   side = ""
	ofClient   side = "downstream"
	ofEndpoint side = "upstream"
	ofSluice   side = "internal"
)

// fault is why an exchange did not end as the endpoint and the client wished. It
// is compared by identity; each exchange has at most one.
type fault struct {
	// status is answered where no head has been sent; 0 means that the
	// connection is closed without a word.
	status int
	// reason is for the log, the metrics and X-Sluice-Reason.
	reason string
	side   side
	// retryable says that another try may be made where the request allows it.
	retryable bool
	// last says that the client's connection can carry no other exchange, since
	// where the next request begins is unknown.
	last bool
}

// Error returns the reason.
func (f *fault) Error() string { return f.reason }

// The faults: what is answered, why, and whose fault it is.
var (
	faultNotReady     = &fault{status: 503, reason: "not_ready", side: ofSluice}
	faultNoRoute      = &fault{status: 404, reason: "no_route", side: ofClient}
	faultNoEndpoint   = &fault{status: 503, reason: "no_endpoint", side: ofEndpoint}
	faultConnect      = &fault{status: 502, reason: "connect_failed", side: ofEndpoint, retryable: true}
	faultConnectTLS   = &fault{status: 502, reason: "tls_failed", side: ofEndpoint, retryable: true}
	faultConnectFinal = &fault{status: 502, reason: "connect_refused", side: ofEndpoint}
	faultConnectSlow  = &fault{status: 504, reason: "connect_timeout", side: ofEndpoint, retryable: true}
	faultConnectOwn   = &fault{status: 503, reason: "connect_impossible", side: ofSluice, retryable: true}

	faultEndpointSend   = &fault{status: 502, reason: "endpoint_write_failed", side: ofEndpoint, retryable: true}
	faultEndpointClosed = &fault{status: 502, reason: "endpoint_closed", side: ofEndpoint, retryable: true}
	// faultEndpointRefused: it has done nothing with the request, whatever it got of it.
	faultEndpointRefused = &fault{status: 502, reason: "endpoint_refused", side: ofEndpoint, retryable: true}
	faultEndpointBroken  = &fault{status: 502, reason: "endpoint_invalid_response", side: ofEndpoint}
	faultEndpointSlow    = &fault{status: 504, reason: "endpoint_timeout", side: ofEndpoint}
	faultRequestSlow     = &fault{status: 504, reason: "request_timeout", side: ofEndpoint}
	faultResponseCut     = &fault{reason: "endpoint_aborted_body", side: ofEndpoint}
	faultResponseStall   = &fault{reason: "endpoint_body_timeout", side: ofEndpoint}
	faultNoUpgrade       = &fault{status: 501, reason: "upgrade_not_supported", side: ofClient}
	faultWebSocketKey    = &fault{status: 400, reason: "bad_websocket_key", side: ofClient}
	faultUpgrade         = &fault{status: 502, reason: "endpoint_invalid_upgrade", side: ofEndpoint}
	faultInterim         = &fault{status: 502, reason: "endpoint_interim_flood", side: ofEndpoint}

	// faultRetryStatus never ends an exchange: another try follows.
	faultRetryStatus = &fault{status: 502, reason: "retry_status", side: ofEndpoint, retryable: true}

	// faultRetriesSpent: another try would follow, but the upstream has had too many.
	faultRetriesSpent = &fault{status: 503, reason: "retries_spent", side: ofEndpoint}

	faultClientGone   = &fault{reason: "client_closed", side: ofClient, last: true}
	faultClientStall  = &fault{reason: "client_write_timeout", side: ofClient, last: true}
	faultBodyCut      = &fault{status: 400, reason: "client_aborted_body", side: ofClient, last: true}
	faultBodySlow     = &fault{status: 408, reason: "client_body_timeout", side: ofClient, last: true}
	faultBodyTooLarge = &fault{status: 413, reason: "body_too_large", side: ofClient}
	faultHeadSlow     = &fault{status: 408, reason: "client_head_timeout", side: ofClient, last: true}
	faultConnectVerb  = &fault{status: 501, reason: "connect_not_supported", side: ofClient, last: true}
	faultTrace        = &fault{status: 405, reason: "trace_not_allowed", side: ofClient}
	faultPath         = &fault{status: 400, reason: "bad_path", side: ofClient}
	faultAmbiguous    = &fault{status: 400, reason: "ambiguous_path", side: ofClient}
	faultHost         = &fault{status: 400, reason: "bad_host", side: ofClient}
	faultMisdirected  = &fault{status: 421, reason: "misdirected_host", side: ofClient}
	faultUnwritable   = &fault{status: 400, reason: "bad_header", side: ofClient}

	faultPanic      = &fault{status: 500, reason: "panic", side: ofSluice, last: true}
	faultDrained    = &fault{status: 503, reason: "shutting_down", side: ofSluice, last: true}
	faultAnswer     = &fault{status: 500, reason: "invalid_answer", side: ofSluice}
	faultStreamFull = &fault{reason: "too_many_connections", side: ofSluice}
	faultNoStream   = &fault{reason: "no_stream", side: ofClient}
	faultAnnounced  = &fault{reason: "bad_proxy_header", side: ofClient}
	faultHello      = &fault{reason: "bad_client_hello", side: ofClient}
	faultHandshake  = &fault{reason: "tls_handshake_failed", side: ofClient}
	faultTunnelCut  = &fault{reason: "tunnel_timeout", side: ofNobody}
)

var errNotReady = errors.New("no listener in the table to serve TLS with")

// ofRequest maps an error from reading a request's head; nil means that the
// connection is to be closed without a word.
func ofRequest(err error) *fault {
	var refused *h1.Error
	switch {
	case errors.As(err, &refused):
		return &fault{status: refused.Status, reason: "refused_" + refused.Fault, side: ofClient, last: true}
	case isTimeout(err):
		return faultHeadSlow
	}
	return nil
}

// ofBody maps an error from reading a request's body.
func ofBody(err error) *fault {
	var refused *h1.Error
	var known *fault
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refused):
		return &fault{status: refused.Status, reason: "refused_" + refused.Fault, side: ofClient, last: true}
	case isTimeout(err):
		return faultBodySlow
	}
	return faultBodyCut
}

// ofConnect maps an error from connecting to an endpoint.
func ofConnect(err error) *fault {
	var failed *upstream.Error
	if !errors.As(err, &failed) {
		return faultConnect
	}
	switch {
	case failed.Fault == upstream.FaultDownstream && failed.Timeout:
		return faultRequestSlow
	case failed.Fault == upstream.FaultDownstream:
		return faultDrained
	case failed.Fault == upstream.FaultInternal:
		return faultConnectOwn
	case failed.Timeout:
		return faultConnectSlow
	case !failed.Retryable:
		return faultConnectFinal
	case failed.Phase == upstream.PhaseTLS:
		return faultConnectTLS
	}
	return faultConnect
}

// ofResponse maps an error from reading the head of a response.
func ofResponse(err error) *fault {
	var refused *h1.Error
	switch {
	case errors.As(err, &refused), errors.Is(err, h2.ErrMalformed):
		return faultEndpointBroken
	case errors.Is(err, h2.ErrRefused):
		return faultEndpointRefused
	case isTimeout(err):
		return faultEndpointSlow
	}
	return faultEndpointClosed
}

// ofResponseBody maps an error from reading the body of a response.
func ofResponseBody(err error) *fault {
	if isTimeout(err) {
		return faultResponseStall
	}
	return faultResponseCut
}

// ofClientWrite maps an error from writing to the client.
func ofClientWrite(err error) *fault {
	switch {
	case errors.Is(err, h1.ErrInvalidHead), errors.Is(err, h2.ErrInvalidHead), errors.Is(err, h3.ErrInvalidHead):
		return faultEndpointBroken
	case errors.Is(err, h1.ErrTooLong), errors.Is(err, h1.ErrTooShort), errors.Is(err, h2.ErrTooLong), errors.Is(err, h2.ErrTooShort),
		errors.Is(err, h3.ErrTooLong), errors.Is(err, h3.ErrTooShort):
		return faultResponseCut
	case isTimeout(err):
		return faultClientStall
	}
	return faultClientGone
}

// panicked is a panic with the stack where it happened.
type panicked struct {
	value any
	stack []byte
}

// Error returns what was thrown.
func (p *panicked) Error() string { return fmt.Sprint(p.value) }
