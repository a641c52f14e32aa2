package gateway

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// readFrontend finds out what the HTTPS ports of a Gateway ask of clients'
// certificates. It is a port's affair and not a listener's: on a connection that serves
// several hosts a client proves itself once.
func (t *translation) readFrontend(g *gateway) {
	if g.object.Spec.TLS == nil || g.object.Spec.TLS.Frontend == nil {
		return
	}
	frontend := g.object.Spec.TLS.Frontend
	at := g.at("spec.tls.frontend")
	special := make(map[int32]bool)
	for i := range frontend.PerPort {
		special[frontend.PerPort[i].Port] = true
		t.readValidation(g, frontend.PerPort[i].TLS.Validation, at.At(".perPort"+index(i)+".tls.validation"), func(port int32) bool {
			return port == frontend.PerPort[i].Port
		})
	}
	t.readValidation(g, frontend.Default.Validation, at.At(".default.validation"), func(port int32) bool { return !special[port] })
}

// readValidation gives the HTTPS listeners on certain ports what one validation says.
// Those whose CA certificates all are unusable are not accepted.
func (t *translation) readValidation(g *gateway, v *gatewayv1.FrontendTLSValidation, at resolve.Place, covers func(int32) bool) {
	if v == nil {
		return
	}
	var covered []*listener
	for _, l := range g.all() {
		if l.spec.Protocol == gatewayv1.HTTPSProtocolType && covers(l.spec.Port) {
			covered = append(covered, l)
		}
	}
	bundle, wrong := t.caBundle(v.CACertificateRefs, snapshot.Referrer{Group: gatewayv1.GroupName, Kind: kindGateway, Namespace: g.object.Namespace}, at)
	auth := ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: bundle}
	if v.Mode == gatewayv1.AllowInsecureFallback {
		auth = ir.ClientAuth{Mode: ir.ClientAuthRequest}
		g.insecure = fault{report.InsecureFallback, at.Field + ".mode: clients are served without a valid certificate, too"}
	}
	for _, l := range covered {
		l.client = auth
		l.resolved = l.resolved.or(wrong)
		if bundle == "" {
			l.invalid = l.invalid.or(fault{report.NoValidCACertificate, at.Field + ": no CA certificate can be used: " + wrong.message})
		}
	}
}

// caBundle returns the certificates of those references that can be used, in PEM form, and
// what is wrong with the first that cannot.
func (t *translation) caBundle(refs []gatewayv1.ObjectReference, from snapshot.Referrer, at resolve.Place) (bundle string, wrong fault) {
	var texts strings.Builder
	for i := range refs {
		ref, at := &refs[i], at.At(".caCertificateRefs"+index(i))
		name := types.NamespacedName{Namespace: string(deref(ref.Namespace, gatewayv1.Namespace(from.Namespace))), Name: string(ref.Name)}
		text, f := t.caCertificates(string(ref.Group), string(ref.Kind), name, from)
		if !f.ok() {
			t.refuse(&wrong, at, f.reason, f.message)
			continue
		}
		texts.WriteString(text)
	}
	return texts.String(), wrong
}

// caCertificates returns the CA certificates of one object.
func (t *translation) caCertificates(group, kind string, name types.NamespacedName, from snapshot.Referrer) (string, fault) {
	if group != "" || kind != "ConfigMap" {
		return "", fault{report.InvalidCACertificateKind, fmt.Sprintf("the kind %q of %q is no ConfigMap", kind, group)}
	}
	if !t.Snapshot.Permits(from, snapshot.Referent{Kind: kind, NamespacedName: name}) {
		return "", fault{report.RefNotPermitted, notGranted(kind, name)}
	}
	object := t.Snapshot.ConfigMap(name)
	if object == nil {
		return "", fault{report.InvalidCACertificateRef, fmt.Sprintf("the ConfigMap %q does not exist", name)}
	}
	text, found := object.Data[resolve.CAKey]
	if !found {
		return "", fault{report.InvalidCACertificateRef, fmt.Sprintf("the ConfigMap %q has no key %s", name, resolve.CAKey)}
	}
	if problem := resolve.CheckCertificates(text); problem != "" {
		return "", fault{report.InvalidCACertificateRef, fmt.Sprintf("%s of the ConfigMap %q %s", resolve.CAKey, name, problem)}
	}
	return strings.TrimSpace(text) + "\n", fault{}
}
