package gateway

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// maxWeight is the highest weight that the CRD allows.
const maxWeight = 1_000_000

// backendFilters are the filters of one back end of a rule, for one match.
type backendFilters struct {
	list   []ir.Filter
	broken fault
	named  []extension
	match  ir.PathMatch
}

// backend returns one share of a rule. A reference that cannot be used, or whose filters
// are broken, fails its share with 500.
func (b *ruleBuilder) backend(ref *gatewayv1.BackendRef, filters backendFilters, at resolve.Place) ir.WeightedUpstream {
	weight := int(min(max(deref(ref.Weight, 1), 0), maxWeight))
	consequence := "its requests are answered 500"
	if b.stream {
		consequence = "its connections are closed"
	}
	key, f := b.upstream(&ref.BackendObjectReference, at, consequence)
	if !f.ok() {
		if f.reason != report.NoValidCACertificate {
			b.out.resolved = b.out.resolved.or(f)
		}
		return ir.WeightedUpstream{Weight: weight, FailStatus: 500, FailReason: f.message}
	}
	if !filters.broken.ok() {
		b.out.dropped = b.out.dropped.or(filters.broken)
		return ir.WeightedUpstream{Weight: weight, FailStatus: 500, FailReason: filters.broken.message}
	}
	named, missing := b.extend(b.proxyPolicies.For(), filters.named)
	list, problem := b.backendPolicies(named, filters, at)
	if broken := cmp.Or(missing, problem); broken != "" {
		return ir.WeightedUpstream{Weight: weight, FailStatus: 500, FailReason: broken}
	}
	return ir.WeightedUpstream{Weight: weight, Upstream: b.share(key, named.Before(b.chain)), Filters: list}
}

// upstream resolves a reference to a back end. What is wrong with it is reported, with
// what becomes of it.
func (b *ruleBuilder) upstream(ref *gatewayv1.BackendObjectReference, at resolve.Place, consequence string) (key string, f fault) {
	refused := func(field string, reason report.Reason, message string) (string, fault) {
		b.Facts.Errorf(at.Origin, at.Field+field, reason, "%s; %s", message, consequence)
		return "", fault{reason, message}
	}
	group, kind := deref(ref.Group, ""), deref(ref.Kind, "Service")
	if group != "" || kind != "Service" {
		return refused(".kind", report.InvalidKind, fmt.Sprintf("the kind %q of %q is no Service", kind, group))
	}
	name := types.NamespacedName{Namespace: string(deref(ref.Namespace, gatewayv1.Namespace(at.Origin.Namespace))), Name: string(ref.Name)}
	from := snapshot.Referrer{Group: gatewayv1.GroupName, Kind: at.Origin.Kind, Namespace: at.Origin.Namespace}
	if !b.Snapshot.Permits(from, snapshot.Referent{Kind: "Service", NamespacedName: name}) {
		return refused(".namespace", report.RefNotPermitted, notGranted("Service", name))
	}
	if ref.Port == nil {
		return refused(".port", report.Invalid, "a Service needs a port")
	}
	find, upstream := b.FindService, b.ServiceUpstream
	if b.route.kind == kindUDPRoute {
		find, upstream = b.FindUDPService, b.UDPServiceUpstream
	}
	number, field, problem := find(name, intstr.FromInt32(*ref.Port))
	if problem != (resolve.Fault{}) {
		return refused(field, problem.Reason, problem.Message)
	}
	key = upstream(name, number)
	if b.raw || b.route.kind == kindUDPRoute {
		return key, fault{}
	}
	p := b.policyFor(name, number, b.gateway())
	if p != nil {
		if key, f = b.encrypted(key, p); !f.ok() {
			return refused("", f.reason, f.message)
		}
	}
	if key, f = b.speaking(key, name, number, p != nil); !f.ok() {
		return refused(".port", f.reason, f.message)
	}
	return key, fault{}
}

// gateway returns the Gateway that the rules are made for, nil for none.
func (b *ruleBuilder) gateway() *gateway {
	if b.socket == nil {
		return nil
	}
	return b.socket.gateway
}

// encrypted returns the upstream that is like another one, but over TLS as a policy asks. Where
// that cannot be, nothing is sent: never in clear text.
func (b *ruleBuilder) encrypted(key string, p *policy) (string, fault) {
	if !p.invalid.ok() {
		return "", fault{report.NoValidCACertificate, fmt.Sprintf("%s is not valid: %s", p.origin, p.invalid.message)}
	}
	if g := b.gateway(); g != nil && !g.noClientCertificate.ok() {
		return "", fault{report.NoValidCACertificate, "the Gateway's certificate for back ends cannot be used: " + g.noClientCertificate.message}
	}
	tls := ir.UpstreamTLS{
		Enabled:    true,
		ServerName: string(p.object.Spec.Validation.Hostname),
		System:     p.system,
		CAs:        p.authorities,
		Names:      p.names,
		URIs:       p.uris,
	}
	if g := b.gateway(); g != nil {
		tls.Certificate = g.clientCertificate
	}
	return b.Secured(key, tls), fault{}
}
