package ingress

import (
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// backend returns the action for a back end. One that cannot be used answers 503
// instead of leaving its requests to a wider path, which they were not meant for.
func (t *translation) backend(b *networkingv1.IngressBackend, at resolve.Place, sticky ir.Sticky) ir.Action {
	share := t.share(b, at)
	if share.Upstream == "" && share.FailStatus == 0 {
		return &ir.Respond{Status: 503, Reason: share.FailReason}
	}
	return &ir.Forward{Backends: []ir.WeightedUpstream{share}, Sticky: sticky}
}

// share returns the upstream of a back end as the annotations have it spoken with. For one that is
// no Service, which has been reported, there is only FailReason.
func (t *translation) share(b *networkingv1.IngressBackend, at resolve.Place) ir.WeightedUpstream {
	switch {
	case b.Resource != nil:
		return t.refuse(at.At(".resource"), report.Unsupported, "back ends that are resources are not supported, only Services are")
	case b.Service == nil:
		return t.refuse(at, report.Invalid, "the back end names no Service")
	}
	port := intstr.FromInt32(b.Service.Port.Number)
	switch number, name := b.Service.Port.Number, b.Service.Port.Name; {
	case number != 0 && name != "":
		return t.refuse(at.At(".service.port"), report.Invalid, "only one of number and name can be set")
	case name != "":
		port = intstr.FromString(name)
	case number == 0:
		return t.refuse(at.At(".service.port"), report.Invalid, "one of number and name is required")
	}
	service := types.NamespacedName{Namespace: t.object.Namespace, Name: b.Service.Name}
	share := t.Service(service, port, at.At(".service"))
	if share.Upstream == "" {
		return share
	}
	if address := t.clusterAddress(service, port); address != "" {
		share = t.Address(address, at.At(".service"))
	}
	share.Upstream = t.settings.endpoints.over(t.Resolver, share.Upstream, service)
	share.Upstream = t.Balanced(share.Upstream, t.settings.balance)
	return share
}

// clusterAddress returns the address of a Service itself where service-upstream asks for it, which
// is empty for one that has none.
func (t *translation) clusterAddress(name types.NamespacedName, port intstr.IntOrString) string {
	service := t.Snapshot.Service(name)
	if !t.settings.serviceUpstream || service == nil || net.ParseIP(service.Spec.ClusterIP) == nil {
		return ""
	}
	p, found := snapshot.ServicePort(service, port, corev1.ProtocolTCP)
	if !found {
		return ""
	}
	return net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(int(p.Port)))
}

// refuse reports a back end and returns why its requests fail.
func (t *translation) refuse(at resolve.Place, reason report.Reason, message string) ir.WeightedUpstream {
	t.Facts.Errorf(at.Origin, at.Field, reason, "%s; its requests are answered 503", message)
	return ir.WeightedUpstream{FailReason: message}
}
