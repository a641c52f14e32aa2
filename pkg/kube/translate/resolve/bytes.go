package resolve

import (
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Closed is what becomes of connections whose back end cannot be used.
const Closed = "its connections are closed"

// ReferredBytes is ReferredService for connections whose bytes are passed on as they are: what the
// appProtocol of the port says is the client's business.
func (r *Resolver) ReferredBytes(group string, name types.NamespacedName, port intstr.IntOrString, at Place) ir.WeightedUpstream {
	if problem := r.notPermitted(group, name, at); problem != "" {
		return r.fail(at.At(".namespace").Otherwise(Closed), report.RefNotPermitted, problem)
	}
	number, field, fault := r.FindService(name, port)
	if fault != (Fault{}) {
		return r.fail(at.At(field).Otherwise(Closed), fault.Reason, fault.Message)
	}
	return ir.WeightedUpstream{Upstream: r.ServiceUpstream(name, number), Weight: 1}
}
