package ir

import "github.com/sluice-dev/sluice/pkg/report"

// Protocol is what a listener speaks with clients.
type Protocol uint8

const (
	// HTTP is HTTP in clear text.
	HTTP Protocol = iota
	// HTTPS is HTTP over TLS that ends here.
	HTTPS
	// TLS is any protocol over TLS, by server name: passed on as it is, or ended here.
	TLS
	// TCP is any protocol over TCP.
	TCP
	// UDP is datagrams.
	UDP
)

// String returns the protocol as the Gateway API writes it.
func (p Protocol) String() string {
	switch p {
	case HTTP:
		return "HTTP"
	case HTTPS:
		return "HTTPS"
	case TLS:
		return "TLS"
	case TCP:
		return "TCP"
	case UDP:
		return "UDP"
	}
	return "unknown"
}

// The names of the two listeners that every process has; their addresses come
// from --http-addr and --https-addr, and Ingress and ProxyRoute objects are
// served on them.
const (
	ListenerHTTP  = "http"
	ListenerHTTPS = "https"
)

// Listener is one socket that clients connect to.
type Listener struct {
	// Name is unique in a Config.
	Name string
	// Origin is the Gateway or ListenerSet, zero for the process's own listeners.
	Origin report.Origin
	// Port is the TCP port that is asked for; 0 for the process's own
	// listeners, whose address is a flag.
	Port uint16
	// PublicPort is the port that clients ask on, which a Service may map to Port:
	// redirects name it. 0 where it is not known; then the Host field says it.
	PublicPort uint16
	// Protocol is what is spoken there.
	Protocol Protocol
	// HTTP3 says that HTTP/3 is served as well, over UDP; only with HTTPS.
	HTTP3 bool
	// HTTP3Port is the UDP port to bind for that; 0 where Port is 0, whose flag says this one, too.
	HTTP3Port uint16
	// RouteSet names the RouteSet that is served to every host, over HTTP and HTTPS;
	// empty where Scopes say it.
	RouteSet string
	// Scopes divide the listener by host, sorted by Host: a request is served by the
	// routes of the most specific scope that its host is in, and by no others
	// (Gateway API, listener isolation). A request in no scope gets 404, one over TLS
	// whose server name is in another scope than its host 421, unless both have one RouteSet.
	Scopes []Scope
	// Streams are what is served besides HTTP, sorted by Host: over TLS by server
	// name, where the most specific one of Streams and Scopes serves; over TCP and UDP
	// there is one, with an empty Host.
	Streams []Stream
	// TLS counts where Protocol is HTTPS.
	TLS ListenerTLS
}

// Scope is the part of a listener that a host pattern stands for.
type Scope struct {
	// Host is a host pattern as in Host.Pattern.
	Host string
	// RouteSet names the RouteSet that is served.
	RouteSet string
}

// Stream is where connections go whose content is not looked at.
type Stream struct {
	// ID is unique in a Config, among those of routes too, and as stable.
	ID string
	// Origin and Field are the part of the object that wrote it.
	Origin report.Origin
	Field  string
	// Host is the pattern of server names (SNI); empty for all, for TCP and for UDP.
	Host string
	// Terminate says that TLS ends here, with the certificates of the listener, and
	// that what was in it is passed on.
	Terminate bool
	// Backends share the connections by weight. They have neither filters nor versions.
	Backends []WeightedUpstream
	// Timeouts bound making a connection (Connect) and silence (TunnelIdle); for UDP
	// the latter is the life of a session.
	Timeouts Timeouts
	// Limits bound how many connections are passed on at once (MaxActive). They have neither
	// PerEndpoint nor a Queue: a connection beyond them is closed. None for UDP.
	Limits Limits
}

// ListenerTLS says which certificates a listener answers with, and asks for.
type ListenerTLS struct {
	// Bindings map server names to certificates, sorted by Host, each Host once.
	Bindings []TLSBinding
	// Default names the certificate for a client that sends no server name or
	// one without a binding; empty for the self-signed one made at start.
	Default string
	// Client says what is asked of clients' certificates.
	Client ClientAuth
	// Hosts are policies of host patterns, sorted by Host, each Host once. Of those that match a
	// server name the most specific one counts, and Client does not.
	Hosts []TLSHost
}

// TLSBinding is what one server name (SNI, RFC 6066 section 3) is answered with.
type TLSBinding struct {
	// Host is a host pattern as in Host.Pattern, but never "".
	Host string
	// Certificates are names of Config.Certificates, in the order in which they
	// are offered; the first that the client supports is taken.
	Certificates []string
}
