package gateway

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// The values of a Service port's appProtocol that say how it is spoken to (KEP-3726).
const (
	appH2C = "kubernetes.io/h2c"
	appWS  = "kubernetes.io/ws"
	appWSS = "kubernetes.io/wss"
	// appGRPC is what many Services of gRPC say, though no standard does.
	appGRPC = "grpc"
)

// speaking returns the upstream of a Service port as it must be spoken to: by HTTP/2 for
// gRPC, and where the port says so. encrypted says that it is over TLS.
func (b *ruleBuilder) speaking(key string, service types.NamespacedName, port int32, encrypted bool) (string, fault) {
	if b.stream {
		return key, fault{}
	}
	grpc := b.route.kind == kindGRPCRoute
	switch said := b.appProtocol(service, port); {
	case grpc && (said == appWS || said == appWSS):
		return "", fault{report.UnsupportedProtocol, fmt.Sprintf("the appProtocol of the port %d of the Service %q is %s, over which gRPC cannot be spoken", port, service, said)}
	case said == appWSS && !encrypted:
		return "", fault{report.UnsupportedProtocol, fmt.Sprintf("the appProtocol of the port %d of the Service %q is %s, but no BackendTLSPolicy says whom to trust", port, service, said)}
	case (grpc || said == appH2C || said == appGRPC) && b.Announced(key):
		return "", fault{report.UnsupportedProtocol, resolve.NotShared}
	case grpc || said == appH2C || said == appGRPC:
		return b.Speaking(key, ir.UpstreamHTTP2), fault{}
	}
	return key, fault{}
}

// appProtocol returns what a TCP port of a Service says is spoken there, "" where it does not.
func (b *ruleBuilder) appProtocol(service types.NamespacedName, port int32) string {
	object := b.Snapshot.Service(service)
	if object == nil {
		return ""
	}
	for i := range object.Spec.Ports {
		if p := &object.Spec.Ports[i]; p.Port == port && p.Protocol != corev1.ProtocolUDP {
			return deref(p.AppProtocol, "")
		}
	}
	return ""
}
