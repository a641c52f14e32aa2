package resolve

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// ProxyProtocolAnnotation is what, on a Service, has connections to its endpoints begin with a header of the
// PROXY protocol: v1 or v2.
const ProxyProtocolAnnotation = "sluice.dev/proxy-protocol"

// ProxyProtocol reads a version of the PROXY protocol; empty is none.
func ProxyProtocol(text string) (version uint8, ok bool) {
	switch text {
	case "":
		return 0, true
	case "v1":
		return 1, true
	case "v2":
		return 2, true
	}
	return 0, false
}

// announces returns the version of the PROXY protocol that the endpoints of a Service want, and
// what is wrong with how they say so.
func (r *Resolver) announces(name types.NamespacedName) (version uint8, fault Fault) {
	service := r.Snapshot.Service(name)
	if service == nil {
		return 0, Fault{}
	}
	text := service.Annotations[ProxyProtocolAnnotation]
	version, ok := ProxyProtocol(text)
	if !ok {
		return 0, Fault{report.Invalid, fmt.Sprintf("the annotation %s of the Service %q is %q, and neither v1 nor v2", ProxyProtocolAnnotation, name, text)}
	}
	return version, Fault{}
}

// Shared says that the upstream's connections are shared by clients, so that none of them can be told
// to be one client's.
func (r *Resolver) Shared(key string) bool {
	u, found := r.upstreams[key]
	return found && u.Protocol == ir.UpstreamHTTP2
}

// Announced says that the upstream's endpoints are told who the client is.
func (r *Resolver) Announced(key string) bool { return r.upstreams[key].ProxyProtocol != 0 }

// NotShared is what is said of a back end whose connections are shared by clients.
const NotShared = "the PROXY protocol cannot be spoken with endpoints over HTTP/2, as clients share their connections"
