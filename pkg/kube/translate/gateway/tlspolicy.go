package gateway

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

const kindBackendTLSPolicy = "BackendTLSPolicy"

// policy is a BackendTLSPolicy.
type policy struct {
	object *gatewayv1.BackendTLSPolicy
	origin report.Origin
	// invalid says why the policy cannot be used: what it is for answers 500, never in clear text.
	invalid fault
	// resolved says which of its references cannot be used, conflict which older policy is
	// for the same, or that there is nothing that it is for.
	resolved, conflict fault
	// authorities are the CA certificates in PEM form; system stands for those of the system.
	authorities string
	system      bool
	// names are what the certificate of an endpoint must have one of: DNS names, or URIs.
	names, uris []string
	// services are what it is for.
	services []types.NamespacedName
}

// policyTarget is a Service, or the port of that name.
type policyTarget struct {
	service types.NamespacedName
	port    string
}

// readPolicies finds out which policy is for which Service. Of several for the same
// target the oldest counts (GEP-713).
func (t *translation) readPolicies() {
	for _, object := range t.Snapshot.BackendTLSPolicies() {
		p := &policy{object: object, origin: report.Origin{Kind: kindBackendTLSPolicy, Namespace: object.Namespace, Name: object.Name}}
		t.policies = append(t.policies, p)
		t.readAuthorities(p)
		t.readNames(p)
		found := false
		for i := range object.Spec.TargetRefs {
			found = t.readTarget(p, &object.Spec.TargetRefs[i], p.at("spec.targetRefs"+index(i))) || found
		}
		if !found {
			p.conflict = p.conflict.or(fault{report.TargetNotFound, "nothing that it is for exists"})
		}
	}
}

func (p *policy) at(field string) resolve.Place {
	return resolve.Place{Origin: p.origin, Field: field}
}

// readTarget enters a policy for one of its targets, and says whether that exists.
func (t *translation) readTarget(p *policy, ref *gatewayv1.LocalPolicyTargetReferenceWithSectionName, at resolve.Place) (found bool) {
	if ref.Group != "" || ref.Kind != "Service" {
		t.refuse(&p.conflict, at, report.Invalid, fmt.Sprintf("the policy cannot be for the kind %q of %q, only for Services", ref.Kind, ref.Group))
		return false
	}
	found = true
	target := policyTarget{types.NamespacedName{Namespace: p.object.Namespace, Name: string(ref.Name)}, string(deref(ref.SectionName, ""))}
	service := t.Snapshot.Service(target.service)
	switch {
	case service == nil:
		found = false
		t.Facts.Warnf(at.Origin, at.Field, report.TargetNotFound, "the Service %q does not exist, so nothing happens", target.service)
	case target.port != "" && !slices.ContainsFunc(service.Spec.Ports, func(port corev1.ServicePort) bool { return port.Name == target.port }):
		found = false
		t.Facts.Warnf(at.Origin, at.Field+".sectionName", report.TargetNotFound, "the Service %q has no port %q, so nothing happens", target.service, target.port)
	}
	if !slices.Contains(p.services, target.service) {
		p.services = append(p.services, target.service)
	}
	if first := t.policyOf[target]; first != nil {
		t.refuse(&p.conflict, at, report.Conflict, fmt.Sprintf("%s, which is older, is for the same", first.origin))
		return found
	}
	t.policyOf[target] = p
	return found
}

// readAuthorities resolves the CA certificates.
func (t *translation) readAuthorities(p *policy) {
	v := &p.object.Spec.Validation
	at := p.at("spec.validation")
	known := v.WellKnownCACertificates
	switch {
	case known != nil && len(v.CACertificateRefs) > 0:
		t.refuse(&p.invalid, at, report.Invalid, "only one of caCertificateRefs and wellKnownCACertificates can be set")
	case known != nil && *known == gatewayv1.WellKnownCACertificatesSystem:
		p.system = true
	case known != nil:
		t.refuse(&p.invalid, at.At(".wellKnownCACertificates"), report.Invalid, fmt.Sprintf("%q is not System", *known))
	default:
		for i := range v.CACertificateRefs {
			text, f := t.authority(&v.CACertificateRefs[i], p.object.Namespace)
			if !f.ok() {
				t.refuse(&p.resolved, at.At(".caCertificateRefs"+index(i)), f.reason, f.message)
				continue
			}
			p.authorities += text
		}
		if p.authorities == "" {
			p.invalid = p.invalid.or(fault{report.NoValidCACertificate, "no CA certificate can be used: " + p.resolved.message})
		}
	}
}

// authority returns the CA certificates of a ConfigMap or a Secret.
func (t *translation) authority(ref *gatewayv1.LocalObjectReference, namespace string) (string, fault) {
	name := types.NamespacedName{Namespace: namespace, Name: string(ref.Name)}
	if ref.Group == "" && ref.Kind == "Secret" {
		secret := t.Snapshot.Secret(name)
		if secret == nil {
			return "", fault{report.InvalidCACertificateRef, fmt.Sprintf("the Secret %q does not exist", name)}
		}
		text := string(secret.Data[resolve.CAKey])
		if problem := resolve.CheckCertificates(text); problem != "" {
			return "", fault{report.InvalidCACertificateRef, fmt.Sprintf("%s of the Secret %q %s", resolve.CAKey, name, problem)}
		}
		return text + "\n", fault{}
	}
	text, f := t.caCertificates(string(ref.Group), string(ref.Kind), name, snapshot.Referrer{Group: gatewayv1.GroupName, Kind: kindBackendTLSPolicy, Namespace: namespace})
	if f.reason == report.InvalidCACertificateKind {
		f.reason = report.InvalidKind
	}
	return text, f
}

// readNames reads what certificates of endpoints must name: the alternative names where
// there are any, else the host name that is asked for.
func (t *translation) readNames(p *policy) {
	v := &p.object.Spec.Validation
	at := p.at("spec.validation")
	if host, err := pattern(string(v.Hostname)); err != nil || host == "" || suffix(host) != "" {
		t.refuse(&p.invalid, at.At(".hostname"), report.Invalid, fmt.Sprintf("%q is no host name", v.Hostname))
	}
	for i, name := range v.SubjectAltNames {
		at := at.At(".subjectAltNames" + index(i))
		switch {
		case name.Type == gatewayv1.HostnameSubjectAltNameType && name.Hostname != "":
			p.names = append(p.names, string(name.Hostname))
		case name.Type == gatewayv1.URISubjectAltNameType && name.URI != "":
			p.uris = append(p.uris, string(name.URI))
		default:
			t.refuse(&p.invalid, at, report.Invalid, "the alternative name is neither a Hostname nor a URI, or it is empty")
		}
	}
	if len(v.SubjectAltNames) == 0 {
		p.names = []string{string(v.Hostname)}
	}
}

// policyFor returns the policy for a port of a Service, nil for none. One for the port
// goes before one for the Service. That the Gateway uses the Service is noted for the status.
func (t *translation) policyFor(service types.NamespacedName, port int32, g *gateway) *policy {
	if len(t.policies) == 0 {
		return nil
	}
	t.use(service, g)
	if object := t.Snapshot.Service(service); object != nil {
		for i := range object.Spec.Ports {
			if p := &object.Spec.Ports[i]; p.Port == port && p.Name != "" && p.Protocol != corev1.ProtocolUDP {
				if found := t.policyOf[policyTarget{service, p.Name}]; found != nil {
					return found
				}
			}
		}
	}
	return t.policyOf[policyTarget{service: service}]
}

// use notes that a Gateway uses a Service; nil is none.
func (t *translation) use(service types.NamespacedName, g *gateway) {
	if g == nil {
		return
	}
	if t.usedBy[service] == nil {
		t.usedBy[service] = make(map[*gateway]bool)
	}
	t.usedBy[service][g] = true
}

// ancestors returns the Gateways that use one of some Services, sorted by namespace and name.
func (t *translation) ancestors(services []types.NamespacedName) []*gateway {
	var ancestors []*gateway
	for _, g := range t.gateways {
		if slices.ContainsFunc(services, func(s types.NamespacedName) bool { return t.usedBy[s][g] }) {
			ancestors = append(ancestors, g)
		}
	}
	slices.SortFunc(ancestors, func(a, b *gateway) int {
		return cmp.Or(cmp.Compare(a.object.Namespace, b.object.Namespace), cmp.Compare(a.object.Name, b.object.Name))
	})
	return ancestors
}

// ancestor returns an entry of status.ancestors for the Gateway.
func (g *gateway) ancestor(conditions ...metav1.Condition) gatewayv1.PolicyAncestorStatus {
	namespace := gatewayv1.Namespace(g.object.Namespace)
	return gatewayv1.PolicyAncestorStatus{
		AncestorRef:    complete(gatewayv1.ParentReference{Namespace: &namespace, Name: gatewayv1.ObjectName(g.object.Name)}),
		ControllerName: snapshot.GatewayControllerName,
		Conditions:     conditions,
	}
}

// policyVerdicts says what the status of the policies should be: one entry for each
// Gateway that uses one of their Services.
func (t *translation) policyVerdicts() {
	for _, p := range t.policies {
		v := verdict.Policy{Kind: kindBackendTLSPolicy, Object: p.object}
		for _, g := range t.ancestors(p.services) {
			generation := p.object.Generation
			v.Ancestors = append(v.Ancestors, g.ancestor(
				condition("Accepted", generation, p.conflict.or(p.invalid), "the policy is in force"),
				condition("ResolvedRefs", generation, p.resolved, "all references are resolved")))
		}
		t.verdicts.Policies = append(t.verdicts.Policies, v)
	}
}
