package ingress

import (
	"cmp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// endpointTLS is what the annotations say of how endpoints are spoken with.
type endpointTLS struct {
	// said is whether they say anything; then the Service port's appProtocol does not count.
	said bool
	// protocol counts where they say something.
	protocol ir.UpstreamProtocol
	ir.UpstreamTLS
	// name is what is asked for, and verified; empty stands for the Service's own.
	name string
	// asks sends the name to endpoints (SNI), verifies has them prove to be it.
	asks, verifies bool
}

// readEndpointTLS reads backend-protocol and proxy-ssl-*. As in ingress-nginx, what endpoints
// show is verified only where that is asked for.
func (t *translation) readEndpointTLS(set *settings) {
	e := &set.endpoints
	spoken, protocol := t.text("backend-protocol")
	switch strings.ToUpper(protocol) {
	case "HTTP":
		e.said = true
	case "HTTPS":
		e.said, e.Enabled = true, true
	case "GRPC":
		e.said, e.protocol = true, ir.UpstreamHTTP2
	case "GRPCS":
		e.said, e.Enabled, e.protocol = true, true, ir.UpstreamHTTP2
	case "":
	case "FCGI", "AUTO_HTTP":
		// The one is another protocol, the other one now and then over TLS.
		t.close(set, spoken, report.Unsupported, "the protocol "+protocol+" is not supported")
	default:
		t.Facts.Warnf(t.origin, spoken.Field, report.Unsupported, "the protocol %q is none of HTTP, HTTPS, GRPC and GRPCS, so HTTP is spoken", protocol)
	}
	if !e.Enabled {
		t.withoutTLS()
		return
	}
	e.asks = t.onOff("proxy-ssl-server-name")
	switch at, verify := t.text("proxy-ssl-verify"); verify {
	case "on":
		e.verifies = true
	case "", "off":
	default:
		t.close(set, at, report.Invalid, "the value "+strconv.Quote(verify)+" is neither on nor off")
		return
	}
	at, name := t.text("proxy-ssl-name")
	if name != "" {
		host, err := resolve.Host(name, resolve.HostKinds{})
		if err != nil {
			t.close(set, at, report.Invalid, "the name "+name+" "+err.Error())
			return
		}
		e.name = host
	}
	t.readEndpointSecret(set)
	t.readEndpointVersions(set)
	e.Policy.CipherSuites = t.ciphers("proxy-ssl-ciphers", set)
	if e.verifies {
		e.MaxChain = t.longestChain("proxy-ssl-verify-depth")
	}
	if _, depth := t.text("proxy-ssl-verify-depth"); !e.verifies {
		t.needless(depth != "", "proxy-ssl-verify-depth", "proxy-ssl-verify is not on")
		e.Unverified = true
		t.Facts.Warnf(t.origin, spoken.Field, report.EndpointsNotVerified,
			"endpoints need not prove who they are, as proxy-ssl-verify is not on; whoever is in between can read and change what is sent")
	}
}

// readEndpointVersions reads proxy-ssl-protocols.
func (t *translation) readEndpointVersions(set *settings) {
	at, written := t.text("proxy-ssl-protocols")
	if written == "" {
		return
	}
	p := &set.endpoints.Policy
	for word := range strings.FieldsSeq(strings.ReplaceAll(written, ",", " ")) {
		version, known := ir.ParseTLSVersion(strings.TrimPrefix(word, "TLSv"))
		if !known {
			t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "%q is neither TLSv1.2 nor TLSv1.3, so it is not spoken", word)
			continue
		}
		p.MinVersion, p.MaxVersion = min(cmp.Or(p.MinVersion, version), version), max(p.MaxVersion, version)
	}
	if p.MinVersion == 0 {
		t.close(set, at, report.Unsupported, "none of the versions of TLS is one that Sluice speaks")
	}
}

// readEndpointSecret reads proxy-ssl-secret: the certificate of Sluice, the CAs of endpoints, or both.
func (t *translation) readEndpointSecret(set *settings) {
	e := &set.endpoints
	at, written := t.text("proxy-ssl-secret")
	if written == "" {
		if e.verifies {
			t.close(set, at, report.Invalid, "proxy-ssl-verify is on, but no proxy-ssl-secret says which CAs to trust")
		}
		return
	}
	namespace, name, both := strings.Cut(written, "/")
	if !both || name == "" || strings.Contains(name, "/") {
		t.close(set, at, report.Invalid, "the Secret "+written+" is not written as NAMESPACE/NAME")
		return
	}
	if namespace != t.object.Namespace {
		t.close(set, at, report.RefNotPermitted, "the Secret "+written+" lies in another namespace")
		return
	}
	secret := types.NamespacedName{Namespace: namespace, Name: name}
	cas, noCAs := t.SecretCAs(secret)
	if e.verifies && noCAs != (resolve.Fault{}) {
		t.close(set, at, noCAs.Reason, noCAs.Message)
		return
	}
	certificate, fault := t.FindCertificate(secret, at)
	switch {
	case certificate != nil:
		e.Certificate = certificate.Name
	// A Secret with CAs alone is a good one.
	case noCAs != (resolve.Fault{}) || t.holdsCertificate(secret):
		t.close(set, at, fault.Reason, fault.Message)
		return
	}
	if e.verifies {
		e.CAs = cas
	}
}

// holdsCertificate says whether a Secret has a certificate or a key, usable or not.
func (t *translation) holdsCertificate(name types.NamespacedName) bool {
	secret := t.Snapshot.Secret(name)
	return secret != nil && (len(secret.Data["tls.crt"]) > 0 || len(secret.Data["tls.key"]) > 0)
}

// close has all routes of the object answer 503: what is wrong must not open a way in clear
// text, or to somebody who has proved nothing.
func (t *translation) close(set *settings, at resolve.Place, reason report.Reason, message string) {
	set.closed = message
	t.Facts.Errorf(t.origin, at.Field, reason, "%s, so all requests for the object's routes are answered 503", message)
}

// withoutTLS reports annotations that count only where TLS is spoken.
func (t *translation) withoutTLS() {
	for _, short := range []string{"proxy-ssl-secret", "proxy-ssl-verify", "proxy-ssl-name", "proxy-ssl-server-name", "proxy-ssl-protocols", "proxy-ssl-ciphers", "proxy-ssl-verify-depth"} {
		if at, value := t.text(short); value != "" && value != "off" {
			t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "it has no effect, as backend-protocol is neither HTTPS nor GRPCS")
		}
	}
}

// over returns the upstream of a Service as the annotations say that it is spoken with.
func (e *endpointTLS) over(r *resolve.Resolver, key string, service types.NamespacedName) string {
	if key == "" || !e.said {
		return key
	}
	tls := e.UpstreamTLS
	if tls.Enabled {
		name := e.name
		if name == "" {
			name = r.ServiceHost(service)
		}
		if e.asks {
			tls.ServerName = name
		}
		if e.verifies {
			tls.Names = []string{name}
		}
	}
	return r.Secured(r.Speaking(key, e.protocol), tls)
}

// text returns the value of an annotation, by our name before that of ingress-nginx, and where it stands.
func (t *translation) text(short string) (resolve.Place, string) {
	for _, name := range []string{Prefix + short, NginxPrefix + short} {
		if value := strings.TrimSpace(t.object.Annotations[name]); value != "" {
			return t.at(field(name)), value
		}
	}
	return t.at(field(NginxPrefix + short)), ""
}

// off says that the value of an annotation that is on unless it says otherwise is off.
func (t *translation) off(short string) bool {
	at, value := t.text(short)
	if value != "" && value != "on" && value != "off" {
		t.Facts.Errorf(t.origin, at.Field, report.Invalid, "the value %q is neither on nor off, so on counts", value)
	}
	return value == "off"
}

// onOff returns the value of an annotation that is off unless it says otherwise.
func (t *translation) onOff(short string) bool {
	at, value := t.text(short)
	if value != "" && value != "on" && value != "off" {
		t.Facts.Errorf(t.origin, at.Field, report.Invalid, "the value %q is neither on nor off, so off counts", value)
	}
	return value == "on"
}
