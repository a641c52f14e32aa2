package filter

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// Caller sends requests of filters to an upstream. Any goroutine may use it as long as the
// filter is in use.
type Caller interface {
	// Call sends the request, which may be sent more than once, and fills in the reply. An error
	// says that there was none.
	Call(c *Call) error
}

// Call is a request of a filter, and the reply.
type Call struct {
	// Request is its head; Length is that of Body.
	Request wire.Request
	Body    []byte
	// Timeout bounds all of it.
	Timeout time.Duration
	// MaxReply bounds the reply's body in bytes.
	MaxReply int

	// Response is the reply's head, and Reply its body, in memory of their own.
	Response wire.Response
	Reply    []byte
	// Trailer is the reply's.
	Trailer wire.Header
}

// Calls is a filter that sends requests to an upstream of its own (ir.FilterUpstream).
type Calls interface {
	// Use gives it the upstream, once, before anything else is called.
	Use(c Caller)
}
