package proxyroute

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/translate/settings"
	"github.com/sluice-dev/sluice/pkg/report"
)

// overTLS makes the upstream of a back end one over TLS. Where that cannot be, the share
// fails: nothing is sent in clear text, or to somebody who has not proved who it is.
func (t *translation) overTLS(share *ir.WeightedUpstream, b *v1alpha1.Backend, at resolve.Place) {
	if b.TLS == nil || share.Upstream == "" {
		return
	}
	spec := ir.UpstreamTLS{Enabled: true, ServerName: b.TLS.ServerName}
	sound := t.endpointCAs(&spec, b.TLS, at)
	if name := t.secret(b.TLS.ClientSecretName); b.TLS.ClientSecretName != "" {
		at := at.At(".clientSecretName")
		certificate, fault := t.FindCertificate(name, at)
		if certificate == nil {
			sound = t.refuseTLS(at, fault)
		} else {
			spec.Certificate = certificate.Name
		}
	}
	if !t.endpointNames(&spec, b, at) {
		sound = false
	}
	if !sound {
		share.Upstream, share.FailStatus, share.FailReason = "", 500, "the TLS of the back end is invalid"
		return
	}
	share.Upstream = t.Secured(share.Upstream, spec)
}

func (t *translation) secret(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: t.object.Namespace, Name: name}
}

// refuseTLS reports what is wrong with the TLS of a back end, and returns false.
func (t *translation) refuseTLS(at resolve.Place, fault resolve.Fault) bool {
	t.Facts.Errorf(at.Origin, at.Field, fault.Reason, "%s; its requests are answered 500", fault.Message)
	return false
}

// endpointCAs sets whom to trust; false means that it cannot.
func (t *translation) endpointCAs(spec *ir.UpstreamTLS, tls *v1alpha1.BackendTLS, at resolve.Place) bool {
	var fault resolve.Fault
	switch {
	case tls.CASecretName != "" && tls.CAConfigMapName != "":
		fault = resolve.Fault{Reason: report.Invalid, Message: "only one of caSecretName and caConfigMapName can be set"}
	case tls.CASecretName != "":
		at = at.At(".caSecretName")
		spec.CAs, fault = t.SecretCAs(t.secret(tls.CASecretName))
	case tls.CAConfigMapName != "":
		at = at.At(".caConfigMapName")
		spec.CAs, fault = t.ConfigMapCAs(t.secret(tls.CAConfigMapName))
	default:
		spec.System = true
	}
	return fault == (resolve.Fault{}) || t.refuseTLS(at, fault)
}

// endpointNames sets what endpoints must prove to be; false means that a name is none.
func (t *translation) endpointNames(spec *ir.UpstreamTLS, b *v1alpha1.Backend, at resolve.Place) bool {
	name := b.TLS.ServerName
	if name == "" && b.Service != nil {
		name = t.ServiceHost(settings.ServiceName(b.Service, t.object.Namespace))
	} else if name == "" {
		name, _, _ = net.SplitHostPort(b.Address)
	}
	// An IP address cannot be asked for (RFC 6066 section 3), but it can be proved.
	if _, err := netip.ParseAddr(name); err != nil {
		spec.ServerName = strings.ToLower(strings.TrimSuffix(name, "."))
		name = spec.ServerName
	}
	sound := true
	for i, alternative := range b.TLS.SubjectAltNames {
		if !strings.Contains(alternative, "://") {
			spec.Names = append(spec.Names, alternative)
			continue
		}
		u, err := url.Parse(alternative)
		if err != nil || u.Host == "" {
			sound = t.refuseTLS(at.At(".subjectAltNames["+strconv.Itoa(i)+"]"), resolve.Fault{Reason: report.Invalid, Message: strconv.Quote(alternative) + " is no URI"})
			continue
		}
		spec.URIs = append(spec.URIs, alternative)
	}
	if len(b.TLS.SubjectAltNames) == 0 {
		spec.Names = []string{name}
	}
	return sound
}
