package ingress

import (
	"strconv"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// tls binds the certificate of one entry to the hosts that it covers. The other
// hosts keep the default certificate.
func (t *translation) tls(index int, entry *networkingv1.IngressTLS) {
	at := t.at("spec.tls[" + strconv.Itoa(index) + "]")
	certificate := t.certificate(entry, at)
	for i, written := range entry.Hosts {
		field := at.Field + ".hosts[" + strconv.Itoa(i) + "]"
		host, err := resolve.Host(written, resolve.HostKinds{})
		switch {
		case err != nil:
			t.Facts.Errorf(t.origin, field, report.Invalid, "the host %q %v, so no certificate serves it", written, err)
		case certificate == nil:
		case !certificate.Covers(host):
			t.Facts.Warnf(t.origin, field, report.CertificateMismatch,
				"the certificate in the Secret %q does not cover the host %q, so it is not used there", certificate.Name, host)
		default:
			t.bind(host, certificate, field)
		}
	}
	if certificate != nil && len(entry.Hosts) == 0 {
		for _, host := range t.covered(certificate) {
			t.bind(host, certificate, at.Field)
		}
	}
}

// certificate returns the certificate of an entry, nil where there is none that can be used.
// An entry without a Secret means the default certificate.
func (t *translation) certificate(entry *networkingv1.IngressTLS, at resolve.Place) *resolve.Certificate {
	if entry.SecretName != "" {
		return t.Certificate(types.NamespacedName{Namespace: t.object.Namespace, Name: entry.SecretName}, at.At(".secretName"))
	}
	if t.Options.DefaultCertificate.Name != "" {
		return t.Certificate(t.Options.DefaultCertificate, at.At(".secretName"))
	}
	t.Facts.Warnf(t.origin, at.Field+".secretName", report.SecretNotFound,
		"the entry names no Secret and there is no default certificate, so a self-signed one serves its hosts")
	return nil
}

// covered returns the hosts of an entry that lists none: those of the rules that the
// certificate covers, or where it covers none of them, all that it covers.
func (t *translation) covered(certificate *resolve.Certificate) []string {
	var hosts []string
	for _, host := range t.hosts {
		if host != "" && certificate.Covers(host) {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) > 0 {
		return hosts
	}
	return certificate.Names()
}

func (t *translation) bind(host string, certificate *resolve.Certificate, field string) {
	t.fragment.Bindings = append(t.fragment.Bindings, resolve.Binding{Host: host, Certificate: certificate, Field: field})
}
