package gateway

import (
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// readClientCertificate resolves the certificate that the Gateway shows to back ends
// over TLS. Where it cannot be used, the Gateway's references are not resolved, and
// back ends over TLS are not asked.
func (t *translation) readClientCertificate(g *gateway) {
	if g.object.Spec.TLS == nil || g.object.Spec.TLS.Backend == nil || g.object.Spec.TLS.Backend.ClientCertificateRef == nil {
		return
	}
	from := snapshot.Referrer{Group: gatewayv1.GroupName, Kind: kindGateway, Namespace: g.object.Namespace}
	certificate, f := t.secretCertificate(g.object.Spec.TLS.Backend.ClientCertificateRef, from, g.at("spec.tls.backend.clientCertificateRef"))
	if f.ok() {
		g.clientCertificate = certificate.Name
		return
	}
	if f.reason != report.RefNotPermitted {
		f.reason = report.InvalidClientCertificateRef
	}
	g.resolved, g.noClientCertificate = g.resolved.or(f), f
}
