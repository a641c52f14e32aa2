package upstream

import (
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// nearby returns the endpoints that topology hints name for a zone. It returns all
// of them where one has no hints, as hints of a part of the endpoints would send
// it too much, and where none is for the zone: so does kube-proxy.
func nearby(endpoints []*Endpoint, zone string) []*Endpoint {
	var near []*Endpoint
	for _, e := range endpoints {
		hints := e.spec.Load().ForZones
		if hints == "" {
			return endpoints
		}
		if hasZone(hints, zone) {
			near = append(near, e)
		}
	}
	if len(near) == 0 {
		return endpoints
	}
	return near
}

func hasZone(hints, zone string) bool {
	for hint := range strings.SplitSeq(hints, ",") {
		if hint == zone {
			return true
		}
	}
	return false
}

// prefersZone says whether hints count for a pool.
func (p *Pool) prefersZone() bool {
	return p.registry.opts.Zone != "" && p.policy.Load().PreferZone
}

// began says whether an endpoint's slow start begins with a change of its spec:
// it is new, or may get requests again.
func began(before, now *ir.Endpoint) bool {
	return now.State == ir.EndpointReady && (before == nil || before.State != ir.EndpointReady)
}
