package filter

import (
	"io"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// RequestHead is a filter that acts when the request's head is there, before
// an endpoint is chosen.
type RequestHead interface {
	// OnRequestHead may change x.Request. It returns nil to go on, or the answer
	// that ends the exchange.
	OnRequestHead(x *Exchange) *Answer
}

// ResponseHead is a filter that acts on the head of the response before it is
// sent to the client, on Sluice's own answers too.
type ResponseHead interface {
	// OnResponseHead may change x.Response.
	OnResponseHead(x *Exchange)
}

// EndpointHead is a filter that acts on the head of an endpoint's response as it came, before Sluice adds
// anything of its own. It sees no answers of Sluice's own, and no error pages.
type EndpointHead interface {
	// OnEndpointHead may change x.Response.
	OnEndpointHead(x *Exchange)
}

// ResponseBody is a filter that changes the content of responses.
type ResponseBody interface {
	// OnResponseBody is called when the head of a response that has content is
	// ready, behind the filters of that phase. It returns nil, or what writes the
	// changed content to to; then it has changed x.Response to fit.
	OnResponseBody(x *Exchange, to io.Writer) Encoder
}

// Encoder is the way of one response's content. It is used by one goroutine, and
// writes to where it was told to, of which it passes errors on.
type Encoder interface {
	io.Writer
	// Flush writes all that it holds back, as nothing more may come for a while.
	Flush() error
	// Close writes what belongs to the end of the content.
	Close() error
	// Release gives the encoder back; it may be called without Close before, and nothing
	// may be called after it.
	Release()
}

// ErrorPage is a filter that replaces answers that say that something went wrong.
type ErrorPage interface {
	// Replaces says whether an answer is replaced; own says that it is one of Sluice's
	// own that nobody wrote a body for, otherwise it is an endpoint's.
	Replaces(status int, own bool) bool
	// Asks says that the page comes from an upstream (ir.FilterUpstream).
	Asks() bool
	// Content returns the page where it does not.
	Content(x *Exchange) (contentType string, body []byte)
	// Ask fills in the request for the page where it does.
	Ask(x *Exchange, question *wire.Request)
	// OwnStatus says that the status that comes with it is sent, not the one that it replaces.
	OwnStatus() bool
}

// Copy is a filter that wants copies of some requests sent to an upstream of its
// own (ir.FilterUpstream). The copy is what the endpoint gets, behind all filters, but for
// what is said here.
type Copy interface {
	// Due says whether the next request is copied.
	Due() bool
	// Host is that of the copy, empty for that which the endpoint gets.
	Host() string
	// WithoutBody says that the copy has no body.
	WithoutBody() bool
}

// Releaser is a filter that holds something that outlives tables.
type Releaser interface {
	// Release gives it back, once no exchange uses the filter any more.
	Release()
}

// Chain is the filters of one route, or of one of its backends, by phase.
type Chain struct {
	RequestHead []RequestHead
	// ResponseHead is in the order in which they are called: the reverse of the
	// order in which the route lists them.
	ResponseHead []ResponseHead
	// EndpointHead is in the same order.
	EndpointHead []EndpointHead
	// ResponseBody is in the same order. The first that wants to changes the content.
	ResponseBody []ResponseBody
}

// Empty says that no filter acts on the exchange itself.
func (c *Chain) Empty() bool {
	return len(c.RequestHead) == 0 && len(c.ResponseHead) == 0 && len(c.EndpointHead) == 0 && len(c.ResponseBody) == 0
}
