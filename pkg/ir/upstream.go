package ir

import (
	"net/netip"

	"github.com/sluice-dev/sluice/pkg/report"
)

// UpstreamProtocol is what is spoken with endpoints.
type UpstreamProtocol uint8

const (
	// UpstreamHTTP1 is HTTP/1.1.
	UpstreamHTTP1 UpstreamProtocol = iota
	// UpstreamHTTP2 is HTTP/2, many requests over one connection: by prior knowledge in
	// clear text (h2c), by ALPN over TLS. gRPC needs it.
	UpstreamHTTP2
)

// String returns the protocol's name.
func (p UpstreamProtocol) String() string {
	switch p {
	case UpstreamHTTP1:
		return "http/1.1"
	case UpstreamHTTP2:
		return "http/2"
	}
	return "unknown"
}

// Upstream is a set of endpoints that are as good as one another, with the
// policy that chooses among them. Its live state (connections, health) is kept
// by pkg/upstream under its Key and outlives tables.
type Upstream struct {
	// Key is unique in a Config. Upstreams of equal key in two Configs are the
	// same one.
	Key string
	// Origin is the Service, or the object that wrote a static address.
	Origin report.Origin
	// Endpoints is the Key of the EndpointSet with the endpoints.
	Endpoints string
	Protocol  UpstreamProtocol
	// TLS says whether it is spoken over TLS, and what endpoints must prove.
	TLS UpstreamTLS
	// Balance says which endpoint a request gets.
	Balance Balance
	// Health says how its endpoints are judged.
	Health Health
	// ProxyProtocol is the version of the PROXY protocol, 1 or 2, by whose header each
	// connection begins, which then is one client's alone; 0 for none.
	ProxyProtocol uint8
	// Breaker says when it gets no request for a while, because too many fail.
	Breaker Breaker
	// RetryConstraint bounds how many of its requests are further tries over a time.
	RetryConstraint RetryConstraint
	// MaxIdlePerEndpoint bounds the idle connections kept for one endpoint.
	MaxIdlePerEndpoint int
}

// EndpointSet is the endpoints of one Service port, or the static addresses of
// one back end. It is not part of Config: it changes without compiling a table.
type EndpointSet struct {
	// Key is what Upstream.Endpoints names: "NAMESPACE/SERVICE:PORT" for a
	// Service, or a key made from the static addresses.
	Key string
	// Endpoints are sorted by Address, each address once.
	Endpoints []Endpoint
}

// Endpoint is one address that serves.
type Endpoint struct {
	// Address is where to connect. A name instead of an address (ExternalName
	// Services, static addresses with a name) stands in Hostname, with the port
	// in Address.
	Address netip.AddrPort
	// Hostname is resolved at connection time where it is not empty.
	Hostname string
	// State says which requests it may get.
	State EndpointState
	// Out says why the endpoint is unready, for `explain`; empty where that is what
	// its conditions say.
	Out string
	// Zone is the topology zone, empty where unknown.
	Zone string
	// ForZones are the zones whose clients it should serve (EndpointSlice hints),
	// sorted and joined by ","; empty without hints.
	ForZones string
	// Weight is its share for WeightedRoundRobin, between 1 and 1000; less counts as 1.
	Weight int
	// Node is the node's name, empty where unknown.
	Node string
	// Target names the Pod as NAMESPACE/NAME, for logs; empty where unknown.
	Target string
}

// EndpointState says which requests an endpoint may get.
type EndpointState uint8

const (
	// EndpointReady may get any request.
	EndpointReady EndpointState = iota
	// EndpointTerminating is going away but still serves: it gets new requests only where
	// no endpoint of its set is ready (EndpointSlice conditions serving and terminating).
	EndpointTerminating
	// EndpointUnready gets no new request; it is listed so that `explain` can say why.
	EndpointUnready
)

// String returns the state in lower case.
func (s EndpointState) String() string {
	switch s {
	case EndpointReady:
		return "ready"
	case EndpointTerminating:
		return "terminating"
	case EndpointUnready:
		return "unready"
	}
	return "unknown"
}
