package v1alpha1

// Settings are how requests are served besides which back ends they go to. The spec of
// a ProxyRoute has them for all of its routes, and each route for itself. A ProxyPolicy has
// them for what it is attached to.
type Settings struct {
	// versioning chooses among back ends by the version that a request names, where
	// they have versions. A route's own goes before that of spec.
	//
	// +optional
	Versioning *Versioning `json:"versioning,omitempty"`

	// balance says which endpoint of a back end a request gets. A route's own goes before
	// that of spec. Without it endpoints are taken in turn.
	//
	// +optional
	Balance *Balance `json:"balance,omitempty"`

	// timeouts bound the phases of a request. A route's own go before those of spec,
	// field by field.
	//
	// +optional
	Timeouts *Timeouts `json:"timeouts,omitempty"`

	// retry says when a request is tried again. A route's own goes before that of spec.
	// Without it: up to two more tries after connections that fail, or break before there
	// is a response.
	//
	// +optional
	Retry *Retry `json:"retry,omitempty"`

	// health says how the endpoints of back ends are judged. A route's own goes before
	// that of spec.
	//
	// +optional
	Health *Health `json:"health,omitempty"`

	// circuitBreaker sends no request to a back end for a while at which too many fail. A route's own
	// goes before that of spec.
	//
	// +optional
	CircuitBreaker *CircuitBreaker `json:"circuitBreaker,omitempty"`

	// bufferResponse keeps what comes of a response while its client is slow, in memory and on disk, so that
	// no back end waits for clients. A route's own goes before that of spec. Without it
	// responses stream: a back end sends as fast as the client reads.
	//
	// +optional
	BufferResponse *ResponseBuffer `json:"bufferResponse,omitempty"`

	// limits bound how many requests of a route run at once. A route's own go before
	// those of spec; routes do not share slots.
	//
	// +optional
	Limits *Limits `json:"limits,omitempty"`
}
