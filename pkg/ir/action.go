package ir

// Action is what serves a request: *Forward or *Respond.
type Action interface{ isAction() }

// Forward sends the request to one of several upstreams.
type Forward struct {
	// Backends share the requests by weight. All weights 0, or no entry at all,
	// means that nothing serves: 500 by the Gateway API.
	Backends []WeightedUpstream
	// Versioning chooses among them by version first.
	Versioning Versioning
	// Sticky goes before the weights, but not before the version.
	Sticky Sticky
}

// WeightedUpstream is a share of a Forward.
type WeightedUpstream struct {
	// Upstream is the Key of an entry of Config.Upstreams; empty for a
	// reference that could not be resolved: its share of the requests is
	// answered with FailStatus.
	Upstream string
	// Weight is between 0 (no request) and 1,000,000.
	Weight int
	// Filters act on what is sent to this backend and comes from it, behind those
	// of the route (HTTPBackendRef.filters). Those that answer end the exchange.
	Filters []Filter
	// Version is what Versioning goes by, empty without it.
	Version string
	// Unready says that no new request goes there, whatever the weight, as long as
	// it is being worked on.
	Unready bool
	// FailStatus counts where Upstream is empty: 500 or 503.
	FailStatus int
	// FailReason says why, for the log and `explain`.
	FailReason string
}

// Respond answers without an upstream.
type Respond struct {
	// Status is between 200 and 599.
	Status int
	// Reason says why, for the log and `explain`; it is not sent.
	Reason string
	// Body is sent as text/plain; where it is empty, Sluice's own short text for
	// the status is.
	Body string
}

func (*Forward) isAction() {}
func (*Respond) isAction() {}
