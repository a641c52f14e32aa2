package ingress

import (
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// backend returns the action for a back end. One that cannot be used answers 503
// instead of leaving its requests to a wider path, which they were not meant for.
func (t *translation) backend(b *networkingv1.IngressBackend, at resolve.Place) ir.Action {
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
	share.Upstream = t.settings.endpoints.over(t.Resolver, share.Upstream, service)
	return &ir.Forward{Backends: []ir.WeightedUpstream{share}}
}

// refuse reports a back end and returns what answers instead of it.
func (t *translation) refuse(at resolve.Place, reason report.Reason, message string) ir.Action {
	t.Facts.Errorf(at.Origin, at.Field, reason, "%s; its requests are answered 503", message)
	return &ir.Respond{Status: 503, Reason: message}
}
