package filter

import (
	"net/netip"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// Exchange is what filters see of one request and its response. It is valid
// only while the filter is called.
type Exchange struct {
	// Request is the head that will be sent to the endpoint.
	Request *wire.Request
	// Response is the head that will be sent to the client; nil in the phases before it.
	Response *wire.Response
	// Client is the client's address, after trusted proxies were taken into account.
	Client netip.AddrPort
	// Secure says that the client came over TLS.
	Secure bool
	// Host is the request's host, lower case, without port and final dot.
	Host []byte
	// RequestID is the value of X-Request-Id.
	RequestID []byte
}

// Answer is a response that Sluice gives itself.
type Answer struct {
	// Status is between 200 and 599.
	Status int
	// Reason says why, for the access log, the debug header and metrics; a short
	// word of lower-case letters and underscores, such as "tls_redirect".
	Reason string
	// Header holds fields to send besides Sluice's own.
	Header []AnswerField
	// Body is sent as text/plain; empty means Sluice's own short text for the status.
	Body []byte
}

// AnswerField is one field line of an Answer.
type AnswerField struct{ Name, Value string }
