package ir

import "github.com/sluice-dev/sluice/pkg/report"

// Protocol is what a listener speaks with clients.
type Protocol uint8

const (
	// HTTP is HTTP in clear text.
	HTTP Protocol = iota
	// HTTPS is HTTP over TLS that ends here.
	HTTPS
)

// String returns the protocol as the Gateway API writes it.
func (p Protocol) String() string {
	switch p {
	case HTTP:
		return "HTTP"
	case HTTPS:
		return "HTTPS"
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
	// RouteSet names the RouteSet that is served.
	RouteSet string
	// TLS counts where Protocol is HTTPS.
	TLS ListenerTLS
}

// ListenerTLS says which certificates a listener answers with.
type ListenerTLS struct {
	// Bindings map server names to certificates, sorted by Host, each Host once.
	Bindings []TLSBinding
	// Default names the certificate for a client that sends no server name or
	// one without a binding; empty for the self-signed one made at start.
	Default string
}

// TLSBinding is what one server name (SNI, RFC 6066 section 3) is answered with.
type TLSBinding struct {
	// Host is a host pattern as in Host.Pattern, but never "".
	Host string
	// Certificates are names of Config.Certificates, in the order in which they
	// are offered; the first that the client supports is taken.
	Certificates []string
}
