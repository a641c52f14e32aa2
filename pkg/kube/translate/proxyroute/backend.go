package proxyroute

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/translate/settings"
	"github.com/sluice-dev/sluice/pkg/report"
)

// maxWeight is the highest weight that the CRD allows.
const maxWeight = 1_000_000

// forward returns the action of a route.
func (t *translation) forward(route *v1alpha1.Route, reader *settings.Reader, at resolve.Place) ir.Action {
	if len(route.Backends) == 0 && slices.ContainsFunc(route.Filters, answersAll) {
		return &ir.Respond{Status: 500, Reason: "the route has no back end, as a filter answers every request"}
	}
	if len(route.Backends) == 0 {
		const message = "the route has no back end"
		t.Facts.Errorf(t.origin, at.Field+".backends", report.Invalid, "%s; its requests are answered 503", message)
		return &ir.Respond{Status: 503, Reason: message}
	}
	forward := &ir.Forward{Backends: make([]ir.WeightedUpstream, 0, len(route.Backends))}
	_, forward.Sticky = reader.Balance()
	t.backends = nil
	for i := range route.Backends {
		field := at.At(".backends[" + strconv.Itoa(i) + "]")
		share := t.backend(&route.Backends[i], field)
		backend := t.policies.Backend(share.Upstream, reader.Sources, nil)
		share.Upstream, t.backends = backend.Key, append(t.backends, backend)
		if forward.Sticky == (ir.Sticky{}) {
			forward.Sticky = backend.Sticky
		}
		var sound bool
		if share.Filters, sound = t.filters(route.Backends[i].Filters, route, field.At(".filters")); !sound {
			share.Upstream, share.FailStatus, share.FailReason = "", 500, "a filter of the back end is invalid"
		}
		if settings.FromBackend(route.Filters) || settings.FromBackend(route.Backends[i].Filters) {
			share.Filters = settings.BackendHost(t.backendHost(&route.Backends[i], &share), share.Filters)
		}
		forward.Backends = append(forward.Backends, t.byPodLabel(share, &route.Backends[i], field)...)
	}
	if len(forward.Backends) == 0 {
		return &ir.Respond{Status: 503, Reason: "no version of the back ends is served"}
	}
	if !slices.ContainsFunc(forward.Backends, func(b ir.WeightedUpstream) bool { return b.Weight > 0 }) {
		t.Facts.Warnf(t.origin, at.Field+".backends", report.Invalid, "no back end has a weight above 0, so all requests are answered 500")
	}
	if !reader.Version(forward, at, "backends") {
		return &ir.Respond{Status: 500, Reason: "the versions of the route are invalid"}
	}
	return forward
}

// backendHost is what a back end is called in Host: with the port where that is not the usual
// one. It is empty where there is no back end.
func (t *translation) backendHost(b *v1alpha1.Backend, share *ir.WeightedUpstream) string {
	upstream, found := t.Upstream(share.Upstream)
	if !found {
		return ""
	}
	usual := int32(80)
	if upstream.TLS.Enabled {
		usual = 443
	}
	if b.Service == nil {
		host, port, _ := net.SplitHostPort(b.Address)
		if port == strconv.Itoa(int(usual)) {
			return strings.TrimSuffix(b.Address, ":"+port)
		}
		return net.JoinHostPort(host, port)
	}
	name := settings.ServiceName(b.Service, t.object.Namespace)
	host := t.ServiceHost(name)
	if port, _, fault := t.FindService(name, b.Service.Port); fault == (resolve.Fault{}) && port != usual {
		host += ":" + strconv.Itoa(int(port))
	}
	return host
}

// backend returns one share of a route.
func (t *translation) backend(b *v1alpha1.Backend, at resolve.Place) ir.WeightedUpstream {
	var share ir.WeightedUpstream
	switch {
	case (b.Service != nil) == (b.Address != ""):
		const message = "exactly one of service and address must be set"
		t.Facts.Errorf(at.Origin, at.Field, report.Invalid, "%s; its requests are answered 503", message)
		share = ir.WeightedUpstream{FailStatus: 503, FailReason: message}
	case b.Service != nil:
		share = settings.Service(t.Resolver, b.Service, at.At(".service"))
	default:
		share = t.Address(b.Address, at.At(".address"))
	}
	t.overTLS(&share, b, at.At(".tls"))
	t.announce(&share, b, at.At(".proxyProtocol"))
	share.Version = b.Version
	t.share(&share, b, at)
	return share
}

// share sets how much a back end gets, if anything.
func (t *translation) share(share *ir.WeightedUpstream, b *v1alpha1.Backend, at resolve.Place) {
	share.Unready = b.Ready != nil && !*b.Ready
	if share.Unready {
		t.Facts.Infof(at.Origin, at.Field+".ready", report.Suspended, "the back end gets no new request, as it is marked as not ready")
	}
	share.Weight = 1
	if b.Weight != nil {
		share.Weight = int(min(max(*b.Weight, 0), maxWeight))
		if share.Weight != int(*b.Weight) {
			t.Facts.Errorf(at.Origin, at.Field+".weight", report.Invalid, "the weight %d is not between 0 and 1,000,000, so %d counts", *b.Weight, share.Weight)
		}
	}
}

// byPodLabel returns the share of a back end, or where its version comes from a label, one for each
// version of its Pods.
func (t *translation) byPodLabel(share ir.WeightedUpstream, b *v1alpha1.Backend, at resolve.Place) []ir.WeightedUpstream {
	label := b.VersionFromPodLabel
	switch {
	case label == "":
		return []ir.WeightedUpstream{share}
	case b.Service == nil || b.Version != "":
		t.Facts.Errorf(at.Origin, at.Field+".versionFromPodLabel", report.Invalid, "it goes with service, and not with version; the back end gets no request")
		return nil
	case share.Upstream == "":
		return nil // It was reported, and has no version to fail.
	}
	name := settings.ServiceName(b.Service, t.object.Namespace)
	values := resolve.LabelValues(label, t.Snapshot.EndpointSlices(name), t.Snapshot.Pod)
	var shares []ir.WeightedUpstream
	for _, value := range values {
		if value == "" {
			t.Facts.Warnf(at.Origin, at.Field+".versionFromPodLabel", report.NoVersion, "some endpoints of the Service %q have no Pod with the label %q, so that they get no request", name, label)
			continue
		}
		one := share
		one.Upstream, one.Version = t.Labelled(share.Upstream, label, value), value
		shares = append(shares, one)
	}
	if len(values) == 0 {
		t.Facts.Warnf(at.Origin, at.Field+".versionFromPodLabel", report.NoVersion, "the Service %q has no endpoint whose Pod could have the label %q, so that no version of it is served", name, label)
	}
	return shares
}

// announce has endpoints told who the client is, where the back end wants that. Where it cannot be,
// the share fails: its endpoints would take the first bytes for what they are not.
func (t *translation) announce(share *ir.WeightedUpstream, b *v1alpha1.Backend, at resolve.Place) {
	if b.ProxyProtocol == "" || share.Upstream == "" {
		return
	}
	version, ok := resolve.ProxyProtocol(string(b.ProxyProtocol))
	problem := ""
	switch {
	case !ok:
		problem = "the version of the PROXY protocol is neither v1 nor v2"
	case t.Shared(share.Upstream):
		problem = resolve.NotShared
	default:
		share.Upstream = t.Announcing(share.Upstream, version)
		return
	}
	t.Facts.Errorf(at.Origin, at.Field, report.Unsupported, "%s; its requests are answered 500", problem)
	share.Upstream, share.FailStatus, share.FailReason = "", 500, problem
}

// filters returns the filters of a route or of one of its back ends, and false where one cannot be used.
func (t *translation) filters(specs []v1alpha1.Filter, route *v1alpha1.Route, at resolve.Place) ([]ir.Filter, bool) {
	return settings.Filters(t.Resolver, specs, !slices.ContainsFunc(route.Matches, notByPrefix), at)
}

// notByPrefix says whether there is no prefix in a match that could be replaced.
func notByPrefix(m v1alpha1.Match) bool {
	return m.Path != nil && m.Path.Type != v1alpha1.PathPrefix && m.Path.Type != ""
}

// answersAll says whether a filter leaves nothing for back ends.
func answersAll(f v1alpha1.Filter) bool {
	return f.Type == v1alpha1.FilterDrop || f.Type == v1alpha1.FilterRedirect || f.Type == v1alpha1.FilterDirectResponse
}

// limits returns the limits of a route, and where they and what comes from policies for its back ends are
// written; false where the limits cannot be used.
func (t *translation) limits(reader *settings.Reader, id string, at resolve.Place) (ir.Limits, []ir.Source, bool) {
	own, sound := reader.Limits("proxyroute/" + t.object.Namespace + "/" + t.object.Name + "/" + id)
	carrier := ir.Route{Origin: at.Origin, Field: at.Field, Limits: own}
	place, found := reader.From("limits")
	if found {
		carrier.Sources = []ir.Source{{Setting: "limits", Origin: place.Origin, Field: place.Field}}
	}
	for _, backend := range t.backends {
		carrier.Sources = append(carrier.Sources, backend.Sources...)
		if !found {
			sound = backend.Service.Limit(&carrier, len(t.backends) == 1) == "" && sound
		}
	}
	return carrier.Limits, carrier.Sources, sound
}
