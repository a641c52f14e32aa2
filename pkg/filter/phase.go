package filter

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

// Copy is a filter that wants copies of some requests sent to an upstream of its
// own (ir.FilterUpstream). The copy is what the endpoint gets, behind all filters.
type Copy interface {
	// Due says whether the next request is copied.
	Due() bool
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
}
