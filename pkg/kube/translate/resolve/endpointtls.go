package resolve

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/report"
)

// CAKey is the key of a ConfigMap or Secret with CA certificates.
const CAKey = "ca.crt"

// appHTTPS is the appProtocol of a Service port that is spoken to over TLS.
const appHTTPS = "https"

// ServiceHost returns the name that endpoints of a Service have in their certificates where
// nothing else is said: that by which Pods reach the Service, or its external name.
func (r *Resolver) ServiceHost(name types.NamespacedName) string {
	if service := r.Snapshot.Service(name); service != nil && service.Spec.Type == corev1.ServiceTypeExternalName {
		return externalName(service)
	}
	return name.Name + "." + name.Namespace + ".svc"
}

// SecretCAs returns the CA certificates of a Secret in PEM form, or why there are none.
func (r *Resolver) SecretCAs(name types.NamespacedName) (string, Fault) {
	secret := r.Snapshot.Secret(name)
	if secret == nil {
		return "", Fault{report.SecretNotFound, fmt.Sprintf("the Secret %q does not exist", name)}
	}
	text, found := secret.Data[CAKey]
	return authorities(string(text), found, fmt.Sprintf("the Secret %q", name))
}

// ConfigMapCAs is SecretCAs for a ConfigMap.
func (r *Resolver) ConfigMapCAs(name types.NamespacedName) (string, Fault) {
	object := r.Snapshot.ConfigMap(name)
	if object == nil {
		return "", Fault{report.InvalidCACertificateRef, fmt.Sprintf("the ConfigMap %q does not exist", name)}
	}
	text, found := object.Data[CAKey]
	return authorities(text, found, fmt.Sprintf("the ConfigMap %q", name))
}

func authorities(text string, found bool, holder string) (string, Fault) {
	if !found {
		return "", Fault{report.InvalidCACertificateRef, holder + " has no key " + CAKey}
	}
	if problem := CheckCertificates(text); problem != "" {
		return "", Fault{report.InvalidCACertificateRef, CAKey + " of " + holder + " " + problem}
	}
	return strings.TrimSpace(text) + "\n", Fault{}
}

// CheckCertificates says what is wrong with a text that should hold certificates in PEM form.
func CheckCertificates(text string) (problem string) {
	found := false
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return fmt.Sprintf("holds a %s beside certificates", strings.ToLower(block.Type))
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "holds a certificate that cannot be parsed"
		}
		found = true
	}
	if !found {
		return "holds no certificate in PEM form"
	}
	return ""
}
