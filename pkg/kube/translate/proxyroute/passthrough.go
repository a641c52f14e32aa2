package proxyroute

import (
	"strconv"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/translate/settings"
	"github.com/sluice-dev/sluice/pkg/report"
)

// passesOn says that the TLS of clients is passed on to a back end.
func (t *translation) passesOn() bool {
	return t.object.Spec.TLS != nil && t.object.Spec.TLS.Mode == v1alpha1.TLSPassthrough
}

// stream passes the hosts on to the back ends of the only route. Where the object asks for more
// than can be done without a look inside, the connections are closed: nobody gets in
// by less than what was asked for.
func (t *translation) stream() {
	routes, at := t.object.Spec.Routes, t.at("spec.routes[0]")
	sound := t.refuseTerms()
	if len(routes) != 1 {
		t.Facts.Errorf(t.origin, "spec.routes", report.Invalid, "there must be one route where tls.mode is Passthrough, as nothing tells the connections of a second one apart; the connections are closed")
		sound = false
	}
	id := "0"
	if len(routes) > 0 && routes[0].Name != "" {
		id = routes[0].Name
	}
	out := ir.Stream{Origin: t.origin, Field: at.Field}
	closed := ir.WeightedUpstream{Weight: 1, FailStatus: 500, FailReason: "the object asks for what cannot be done with TLS that is passed on"}
	if !sound {
		out.Backends = []ir.WeightedUpstream{closed}
	} else {
		if routes[0].Suspend {
			t.Facts.Infof(t.origin, at.Field+".suspend", report.Suspended, "the route is out of service, as it says")
			return
		}
		reader := &settings.Reader{Resolver: t.Resolver, Sources: []settings.Source{{Settings: &routes[0].Settings, At: at}, {Settings: &t.object.Spec.Settings, At: t.at("spec")}}}
		all := reader.Timeouts()
		out.Timeouts = ir.Timeouts{Connect: all.Connect, TunnelIdle: all.TunnelIdle}
		if out.Limits, sound = reader.Limits("proxyroute/" + t.object.Namespace + "/" + t.object.Name + "/" + id); sound {
			out.Backends = t.streamBackends(routes[0].Backends, reader, at)
		} else {
			closed.FailReason = "the limits of the route are invalid"
			out.Limits, out.Backends = ir.Limits{}, []ir.WeightedUpstream{closed}
		}
	}
	for _, h := range t.hosts {
		one := out
		one.Host = h.pattern
		one.ID = "proxyroute/" + t.object.Namespace + "/" + t.object.Name + "/" + id + "/" + h.written
		t.fragment.Streams = append(t.fragment.Streams, one)
	}
}

// streamBackends returns the shares of the connections.
func (t *translation) streamBackends(backends []v1alpha1.Backend, reader *settings.Reader, at resolve.Place) []ir.WeightedUpstream {
	if len(backends) == 0 {
		const message = "the route has no back end"
		t.Facts.Errorf(at.Origin, at.Field+".backends", report.Invalid, "%s; %s", message, resolve.Closed)
		return []ir.WeightedUpstream{{Weight: 1, FailStatus: 503, FailReason: message}}
	}
	balance, _ := reader.Balance()
	health := reader.Health()
	_, judged := reader.From("health")
	shares := make([]ir.WeightedUpstream, 0, len(backends))
	for i := range backends {
		b, field := &backends[i], at.At(".backends["+strconv.Itoa(i)+"]")
		share := t.streamBackend(b, field)
		t.share(&share, b, field)
		share.Upstream = t.Balanced(share.Upstream, balance)
		if judged {
			share.Upstream = t.Watched(share.Upstream, health)
		}
		shares = append(shares, share)
	}
	return shares
}

// streamBackend returns where the connections of a back end go.
func (t *translation) streamBackend(b *v1alpha1.Backend, at resolve.Place) ir.WeightedUpstream {
	var share ir.WeightedUpstream
	switch {
	case (b.Service != nil) == (b.Address != ""):
		const message = "exactly one of service and address must be set"
		t.Facts.Errorf(at.Origin, at.Field, report.Invalid, "%s; %s", message, resolve.Closed)
		return ir.WeightedUpstream{FailStatus: 503, FailReason: message}
	case b.Service != nil:
		name := settings.ServiceName(b.Service, t.object.Namespace)
		share = t.ReferredBytes(v1alpha1.GroupVersion.Group, name, b.Service.Port, at.At(".service"))
		t.policies.WarnOfStream(share.Upstream, at)
	default:
		share = t.Address(b.Address, at.At(".address").Otherwise(resolve.Closed))
	}
	if b.ProxyProtocol == "" || share.Upstream == "" {
		return share
	}
	version, ok := resolve.ProxyProtocol(string(b.ProxyProtocol))
	if !ok {
		const message = "the version of the PROXY protocol is neither v1 nor v2"
		t.Facts.Errorf(at.Origin, at.Field+".proxyProtocol", report.Unsupported, "%s; %s", message, resolve.Closed)
		return ir.WeightedUpstream{FailStatus: 500, FailReason: message}
	}
	share.Upstream = t.Announcing(share.Upstream, version)
	return share
}

// refuseTerms reports each field that cannot be obeyed without a look inside of TLS, and says
// whether there is none. The CRD refuses the same.
func (t *translation) refuseTerms() bool {
	before := t.Facts.Len()
	spec := &t.object.Spec
	t.refuseSet("spec.tls", []term{
		{".secretName", spec.TLS.SecretName != ""},
		{".redirect", spec.TLS.Redirect != nil},
		{".minVersion", spec.TLS.MinVersion != ""},
		{".maxVersion", spec.TLS.MaxVersion != ""},
		{".cipherSuites", len(spec.TLS.CipherSuites) > 0},
		{".curves", len(spec.TLS.Curves) > 0},
		{".client", spec.TLS.Client != nil},
	})
	t.refuseSet("spec", termsOf(&spec.Settings))
	for i := range spec.Routes {
		r, field := &spec.Routes[i], "spec.routes["+strconv.Itoa(i)+"]"
		t.refuseSet(field, []term{
			{".matches", len(r.Matches) > 0},
			{".filters", len(r.Filters) > 0},
			{".connect", r.Connect},
			{".maxBodyBytes", r.MaxBodyBytes != nil},
			{".bufferRequest", r.BufferRequest},
			{".unlogged", r.Unlogged},
		})
		t.refuseSet(field, termsOf(&r.Settings))
		for j := range r.Backends {
			b := &r.Backends[j]
			t.refuseSet(field+".backends["+strconv.Itoa(j)+"]", []term{
				{".version", b.Version != ""},
				{".versionFromPodLabel", b.VersionFromPodLabel != ""},
				{".tls", b.TLS != nil},
				{".filters", len(b.Filters) > 0},
			})
		}
	}
	return t.Facts.Len() == before
}

// term is a field, below another one, and whether it is set.
type term struct {
	field string
	set   bool
}

// refuseSet reports the terms that are set.
func (t *translation) refuseSet(parent string, terms []term) {
	for _, one := range terms {
		if one.set {
			t.Facts.Errorf(t.origin, parent+one.field, report.Invalid, "it cannot be obeyed where tls.mode is Passthrough, so the connections are closed")
		}
	}
}

// termsOf returns the settings that go by requests or responses.
func termsOf(s *v1alpha1.Settings) []term {
	terms := []term{
		{".versioning", s.Versioning != nil},
		{".retry", s.Retry != nil},
		{".circuitBreaker", s.CircuitBreaker != nil},
		{".bufferResponse", s.BufferResponse != nil},
	}
	if to := s.Timeouts; to != nil {
		terms = append(terms, term{".timeouts.request", to.Request != ""}, term{".timeouts.backendRequest", to.BackendRequest != ""}, term{".timeouts.idle", to.Idle != ""})
	}
	if l := s.Limits; l != nil {
		terms = append(terms, term{".limits.maxActivePerEndpoint", l.MaxActivePerEndpoint != 0}, term{".limits.queue", l.Queue != nil})
	}
	if b := s.Balance; b != nil {
		byRequest := b.Strategy == v1alpha1.BalanceLeastLatency || b.Strategy == v1alpha1.BalanceExpression
		terms = append(terms, term{".balance.strategy", byRequest}, term{".balance.sticky", b.Sticky != nil},
			term{".balance.hash.source", b.Hash != nil && b.Hash.Source != v1alpha1.HashClientAddress})
	}
	if h := s.Health; h != nil {
		terms = append(terms, term{".health.passive.statuses", h.Passive != nil && len(h.Passive.Statuses) > 0},
			term{".health.active.type", h.Active != nil && h.Active.Type != v1alpha1.ProbeTCP && h.Active.Port == 0})
	}
	return terms
}
