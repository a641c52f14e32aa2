package ir

// Config is everything that the data plane serves at one moment, apart from
// endpoints, which change too often and go their own way (EndpointSet).
//
// In canonical form (see Canonical) each slice is sorted by its name or key,
// except where the order itself has a meaning, as in Host.Routes.
type Config struct {
	// Listeners is what is bound, sorted by Name.
	Listeners []Listener
	// RouteSets hold the routes that listeners serve, sorted by Name. Several
	// listeners may serve one set.
	RouteSets []RouteSet
	// Upstreams is every upstream that an action names, sorted by Key.
	Upstreams []Upstream
	// Certificates is every certificate that a listener names, sorted by Name.
	Certificates []Certificate
}
