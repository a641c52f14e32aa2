package ir

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/report"
)

// Route is what is done with the requests that match.
type Route struct {
	// ID is unique in a Config and stays the same as long as the object's part
	// that it comes from does: "ingress/NAMESPACE/NAME/RULE/PATH" or the like.
	// Metrics, logs and state that outlives tables are keyed by it.
	ID string
	// Origin is the object that wrote the route.
	Origin report.Origin
	// Field is the path of the part of the object that the route comes from,
	// such as "spec.rules[0].http.paths[1]".
	Field string
	// Match is the condition.
	Match Match
	// Filters act in this order on requests, and in reverse on responses.
	Filters []Filter
	// Action is what serves the request.
	Action Action
	// Connect says that the route is one for CONNECT: what it matches gets a tunnel of bytes to an endpoint of
	// Action, whatever address the client names. Match.Method is CONNECT then.
	Connect bool
	// Timeouts bound each phase.
	Timeouts Timeouts
	// Retry says when it is tried again.
	Retry Retry
	// MaxBodyBytes bounds the request body; a larger one is answered 413.
	// 0 means no bound.
	MaxBodyBytes int64
	// Unlogged leaves its requests out of the access log.
	Unlogged bool
	// BufferRequest says that a request's body is read to its end before an endpoint hears of the
	// request, and may be sent again then. It does not count for gRPC.
	BufferRequest bool
	// BufferResponse says how much of a response is taken from the endpoint ahead of the client.
	BufferResponse ResponseBuffer
	// Limits bound what of it runs at once.
	Limits Limits
	// Sources say which of the above comes from another object than Origin, and for "limits" from which
	// part of it, for `explain`. They have no effect.
	Sources []Source
}

// Source says where a setting of a route comes from.
type Source struct {
	// Setting is its name, such as "limits" or "timeouts.request".
	Setting string
	// Origin is the object, and Field the part of it.
	Origin report.Origin
	Field  string
}

// Timeouts bound the phases of an exchange. 0 means no bound.
type Timeouts struct {
	// Connect bounds making a connection to an endpoint, TLS included.
	Connect time.Duration
	// Request bounds the exchange as a whole, from the request's head to the last
	// byte of the response (HTTPRoute timeouts.request).
	Request time.Duration
	// BackendRequest bounds one try, from its start to the response's head
	// (HTTPRoute timeouts.backendRequest).
	BackendRequest time.Duration
	// Idle bounds the time in which no byte of either body moves.
	Idle time.Duration
	// TunnelIdle is Idle for upgraded connections.
	TunnelIdle time.Duration
}

// ResponseBuffer bounds what of the body of one response may be kept while its client is slow, so that
// the endpoint is free as soon as it has sent everything. What is beyond waits at the endpoint. The zero value keeps
// nothing. Streams never are kept: gRPC, events (text/event-stream), upgrades, and what the endpoint
// marks by "X-Accel-Buffering: no".
type ResponseBuffer struct {
	// MemoryBytes is how much is kept in memory.
	MemoryBytes int64
	// DiskBytes is how much more is kept on disk (of ingress-nginx: proxy-max-temp-file-size).
	DiskBytes int64
}
