package gateway

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// readCertificates resolves the certificates of a listener where TLS ends. One that
// has none that can be used does not serve.
func (t *translation) readCertificates(l *listener) {
	if l.spec.TLS != nil && l.spec.TLS.Mode != nil && *l.spec.TLS.Mode != gatewayv1.TLSModeTerminate {
		t.refuse(&l.invalid, l.at.At(".tls.mode"), report.Unsupported,
			fmt.Sprintf("a listener of the protocol %s cannot have the TLS mode %q", l.spec.Protocol, *l.spec.TLS.Mode))
		return
	}
	if l.spec.TLS == nil || len(l.spec.TLS.CertificateRefs) == 0 {
		t.refuse(&l.resolved, l.at.At(".tls.certificateRefs"), report.InvalidCertificate, "the listener names no certificate")
	} else {
		for i := range l.spec.TLS.CertificateRefs {
			t.readCertificate(l, &l.spec.TLS.CertificateRefs[i], l.at.At(".tls.certificateRefs"+index(i)))
		}
	}
	t.readTLSOptions(l)
	if len(l.certificates) == 0 {
		l.idle = l.idle.or(fault{report.Invalid, "it has no certificate that can be used"})
	}
}

func (t *translation) readCertificate(l *listener, ref *gatewayv1.SecretObjectReference, at resolve.Place) {
	from := snapshot.Referrer{Group: gatewayv1.GroupName, Kind: at.Origin.Kind, Namespace: l.namespace()}
	certificate, f := t.secretCertificate(ref, from, at)
	if !f.ok() {
		l.resolved = l.resolved.or(f)
		return
	}
	l.certificates = append(l.certificates, certificate)
}

// secretCertificate resolves a reference to a Secret with a certificate. A
// reference to another namespace needs a grant, whether the Secret exists or not.
// What is wrong is reported.
func (t *translation) secretCertificate(ref *gatewayv1.SecretObjectReference, from snapshot.Referrer, at resolve.Place) (*resolve.Certificate, fault) {
	refused := func(reason report.Reason, message string) (*resolve.Certificate, fault) {
		t.Facts.Errorf(at.Origin, at.Field, reason, "%s", message)
		return nil, fault{reason, message}
	}
	group, kind := deref(ref.Group, ""), deref(ref.Kind, "Secret")
	if group != "" || kind != "Secret" {
		return refused(report.InvalidCertificate, fmt.Sprintf("the kind %q of %q is no Secret", kind, group))
	}
	name := types.NamespacedName{Namespace: string(deref(ref.Namespace, gatewayv1.Namespace(from.Namespace))), Name: string(ref.Name)}
	if !t.Snapshot.Permits(from, snapshot.Referent{Kind: "Secret", NamespacedName: name}) {
		return refused(report.RefNotPermitted, notGranted("Secret", name))
	}
	certificate, problem := t.FindCertificate(name, at)
	if certificate == nil {
		t.Facts.Errorf(at.Origin, at.Field, problem.Reason, "%s", problem.Message)
		return nil, fault{report.InvalidCertificate, problem.Message}
	}
	return certificate, fault{}
}

func notGranted(kind string, name types.NamespacedName) string {
	return fmt.Sprintf("no ReferenceGrant in the namespace %q allows the reference to the %s %q", name.Namespace, kind, name.Name)
}

// deref returns what a pointer points to, or what stands for nil.
func deref[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
