package proxyroute

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// tls binds the certificate to the hosts that it covers, enters what handshakes are held to, and
// returns whether the object asks for redirects.
func (t *translation) tls() resolve.Redirect {
	spec := t.object.Spec.TLS
	if spec == nil {
		return resolve.RedirectNever
	}
	if spec.Mode != v1alpha1.TLSTerminate && spec.Mode != "" {
		t.close(t.at("spec.tls.mode"), resolve.Fault{Reason: report.Invalid, Message: "the mode is neither Terminate nor Passthrough"})
	}
	secret := types.NamespacedName{Namespace: t.object.Namespace, Name: spec.SecretName}
	if certificate := t.Certificate(secret, t.at("spec.tls.secretName")); certificate != nil {
		for _, h := range t.hosts {
			t.bind(h, certificate)
		}
	}
	t.policy(spec)
	if spec.Redirect != nil && !*spec.Redirect {
		return resolve.RedirectNever
	}
	return resolve.RedirectCovered
}

// policy enters what handshakes for the hosts are held to. Where that cannot be, the routes are
// closed: nobody gets in by less than what was asked for.
func (t *translation) policy(spec *v1alpha1.TLS) {
	words := resolve.TLSWords{MinVersion: string(spec.MinVersion), MaxVersion: string(spec.MaxVersion)}
	for _, name := range spec.CipherSuites {
		words.CipherSuites = append(words.CipherSuites, string(name))
	}
	for _, name := range spec.Curves {
		words.Curves = append(words.Curves, string(name))
	}
	policy, field, problem := words.Policy()
	if problem != "" {
		t.close(t.at("spec.tls."+field), resolve.Fault{Reason: report.Invalid, Message: problem})
		return
	}
	client, sound := t.clientAuth(spec.Client)
	if !sound || policy.Zero() && client == (ir.ClientAuth{}) {
		return
	}
	if client.Mode == ir.ClientAuthRequire {
		t.guard = &ir.ClientCertificate{Auth: client.ID()}
	}
	for _, h := range t.hosts {
		t.fragment.Policies = append(t.fragment.Policies, resolve.Policy{
			TLSHost: ir.TLSHost{Host: h.pattern, Policy: policy, Client: client},
			Field:   "spec.tls",
		})
	}
}

// clientAuth reads what is asked of clients' certificates; false means that it cannot be.
func (t *translation) clientAuth(spec *v1alpha1.ClientTLS) (ir.ClientAuth, bool) {
	if spec == nil {
		return ir.ClientAuth{}, true
	}
	at := t.at("spec.tls.client")
	auth := ir.ClientAuth{Mode: ir.ClientAuthRequire}
	switch spec.Mode {
	case v1alpha1.ClientTLSRequired, "":
	case v1alpha1.ClientTLSOptional:
		auth.Mode = ir.ClientAuthOptional
	default:
		t.close(at.At(".mode"), resolve.Fault{Reason: report.Invalid, Message: "the mode is neither Required nor Optional"})
		return ir.ClientAuth{}, false
	}
	var fault resolve.Fault
	switch {
	case (spec.CASecretName != "") == (spec.CAConfigMapName != ""):
		fault = resolve.Fault{Reason: report.Invalid, Message: "exactly one of caSecretName and caConfigMapName must be set"}
	case spec.CASecretName != "":
		at = at.At(".caSecretName")
		auth.CAs, fault = t.SecretCAs(t.secret(spec.CASecretName))
	default:
		at = at.At(".caConfigMapName")
		auth.CAs, fault = t.ConfigMapCAs(t.secret(spec.CAConfigMapName))
	}
	if fault != (resolve.Fault{}) {
		t.close(at, fault)
		return ir.ClientAuth{}, false
	}
	return auth, true
}

// close has all routes of the object answer 500.
func (t *translation) close(at resolve.Place, fault resolve.Fault) {
	t.closed = "the TLS of the object is invalid"
	t.Facts.Errorf(at.Origin, at.Field, fault.Reason, "%s, so requests are answered 500", fault.Message)
}

// guarded puts what must be proved first in front of a route's filters.
func (t *translation) guarded(filters []ir.Filter) []ir.Filter {
	if t.guard == nil {
		return filters
	}
	return append([]ir.Filter{t.guard}, filters...)
}
