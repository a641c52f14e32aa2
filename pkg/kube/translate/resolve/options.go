package resolve

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// Options are what a translation takes besides the objects.
type Options struct {
	// IngressClasses are the names of the classes that are served (--ingress-class).
	IngressClasses []string
	// AllClasses serves every object, of whichever class (`sluice serve` without
	// --ingress-class).
	AllClasses bool
	// AlternativeDomains are where the hosts of Ingresses and ProxyRoutes answer, too
	// (--alternative-domain).
	AlternativeDomains []AlternativeDomain
	// DefaultCertificate is the Secret for names without a certificate of their own
	// (--default-ssl-certificate); its zero value means the self-signed one.
	DefaultCertificate types.NamespacedName
	// HTTPSPort is the port of redirects to HTTPS, between 1 and 65535.
	HTTPSPort uint16
	// HTTP3 is whether listeners of HTTPS serve HTTP/3 as well where they do not say (--http3).
	HTTP3 bool
	// SSLRedirect is whether hosts with a certificate redirect from HTTP to HTTPS
	// where the object does not say.
	SSLRedirect bool
	// Timeouts of every route that does not say otherwise.
	Timeouts ir.Timeouts
	// MaxBodyBytes bounds the request body of every route; 0 means no bound.
	MaxBodyBytes int64
	// MaxIdlePerEndpoint bounds the idle connections kept for one endpoint.
	MaxIdlePerEndpoint int
	// LocalAddresses allows static addresses and ExternalName Services to name this very host
	// and its link (loopback, link-local). In a cluster they must not: they would
	// open the proxy's own ports and the node's metadata to everyone who may
	// write a ProxyRoute.
	LocalAddresses bool
	// Offline means that there is no cluster: ports of Gateways are bound on this very
	// host, where Gateways share them, and Namespaces need not be written down.
	Offline bool
	// PortMap are the ports of this host that stand for ports of Gateways, offline.
	PortMap map[uint16]uint16
	// OwnHTTP and OwnHTTPS are the ports of the process's own listeners, offline; a listener of
	// a Gateway that has one of them shares its socket.
	OwnHTTP, OwnHTTPS uint16
	// ReportEndpoints adds a warning for each Service port in use that has no
	// endpoint, for `sluice serve` and `sluice check`. In a cluster
	// endpoints come and go without a translation.
	ReportEndpoints bool
	// ReplicasUnknown says that nobody counts the replicas of this process, so that limits of the
	// scope Cluster are as those of the scope Replica.
	ReplicasUnknown bool
	// Mapped are keys of endpoint sets that get an endpoint from elsewhere (--map),
	// of which ReportEndpoints does not warn.
	Mapped map[string]bool
	// Now is the time at which certificates are looked at; zero means that none
	// has expired.
	Now time.Time
	// Memo keeps parsed certificates between translations; nil parses all of
	// them each time. It does not alter the result.
	Memo *Memo
}

// DefaultOptions returns the options of `sluice controller` without flags,
// apart from Now.
func DefaultOptions() Options {
	return Options{
		IngressClasses: []string{"sluice"},
		HTTPSPort:      443,
		SSLRedirect:    true,
		Timeouts: ir.Timeouts{
			Connect:        5 * time.Second,
			BackendRequest: 60 * time.Second,
			Idle:           60 * time.Second,
			TunnelIdle:     time.Hour,
		},
		MaxIdlePerEndpoint: 1024,
	}
}

// Classes returns the options' part that the snapshot decides ownership by.
func (o *Options) Classes() snapshot.Classes {
	return snapshot.Classes{Names: o.IngressClasses, All: o.AllClasses}
}
