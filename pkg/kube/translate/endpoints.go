package translate

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Endpoints returns the endpoint sets of all upstreams of a Config, sorted by
// key. A set without endpoints is there too.
func Endpoints(s *snapshot.Snapshot, c *ir.Config) []ir.EndpointSet {
	sets := make([]ir.EndpointSet, 0, len(c.Upstreams))
	for i := range c.Upstreams {
		sets = append(sets, endpointsOf(s, c.Upstreams[i].Endpoints))
	}
	slices.SortFunc(sets, func(a, b ir.EndpointSet) int { return cmp.Compare(a.Key, b.Key) })
	return slices.CompactFunc(sets, func(a, b ir.EndpointSet) bool { return a.Key == b.Key })
}

func endpointsOf(s *snapshot.Snapshot, key string) ir.EndpointSet {
	if set, static := resolve.StaticEndpoints(key); static {
		return set
	}
	name, _ := ServiceOf(key)
	return resolve.ServiceEndpoints(key, s.Service(name), s.EndpointSlices(name), s.Pod)
}

// EndpointsOf returns the endpoint sets of the upstreams of one Service, sorted
// by key, from slices and Pods newer than those of the snapshot that the Config was made
// of. The result is empty for a nil Service and for one that no upstream names.
func EndpointsOf(c *ir.Config, service *corev1.Service, endpoints []*discoveryv1.EndpointSlice, pods snapshot.Pods) []ir.EndpointSet {
	if service == nil {
		return nil
	}
	prefix := service.Namespace + "/" + service.Name + ":"
	first, _ := slices.BinarySearchFunc(c.Upstreams, prefix, func(u ir.Upstream, prefix string) int { return cmp.Compare(u.Key, prefix) })
	var sets []ir.EndpointSet
	for i := first; i < len(c.Upstreams) && strings.HasPrefix(c.Upstreams[i].Key, prefix); i++ {
		// Upstreams of one port differ in what stands behind the key of the set.
		if key := c.Upstreams[i].Endpoints; len(sets) == 0 || sets[len(sets)-1].Key != key {
			sets = append(sets, resolve.ServiceEndpoints(key, service, endpoints, pods))
		}
	}
	return sets
}

// ServiceOf returns the Service whose endpoints an endpoint set holds, and false
// for a set of static addresses.
func ServiceOf(key string) (types.NamespacedName, bool) {
	name, _, _, ok := resolve.ParseServiceKey(key)
	return name, ok
}

// reportEndpoints warns of upstreams without an endpoint that may be sent requests.
func reportEndpoints(s *snapshot.Snapshot, c *ir.Config, mapped map[string]bool, facts *report.Set) {
	seen := make(map[string]bool)
	for i := range c.Upstreams {
		u := &c.Upstreams[i]
		if seen[u.Endpoints] {
			continue
		}
		seen[u.Endpoints] = true
		serves := func(e ir.Endpoint) bool { return e.State != ir.EndpointUnready }
		if mapped[u.Endpoints] || slices.ContainsFunc(endpointsOf(s, u.Endpoints).Endpoints, serves) {
			continue
		}
		_, port, _, _ := resolve.ParseServiceKey(u.Endpoints)
		facts.Warnf(u.Origin, "", report.NoEndpoints, "no EndpointSlice has a ready endpoint for port %d, so its requests are answered 503", port)
	}
}

// reportPods warns of annotations of Pods that cannot be read, of the Services in use.
func reportPods(s *snapshot.Snapshot, c *ir.Config, facts *report.Set) {
	seen := make(map[types.NamespacedName]bool)
	for i := range c.Upstreams {
		if name, isService := ServiceOf(c.Upstreams[i].Endpoints); isService && !seen[name] {
			seen[name] = true
			reportReady(s, name, facts)
		}
	}
}

// reportWeights warns of weights that cannot be read, of the Services whose upstreams go
// by them.
func reportWeights(s *snapshot.Snapshot, c *ir.Config, facts *report.Set) {
	for i := range c.Upstreams {
		u := &c.Upstreams[i]
		name, isService := ServiceOf(u.Endpoints)
		if u.Balance.Strategy != ir.WeightedRoundRobin || !isService {
			continue
		}
		for _, slice := range s.EndpointSlices(name) {
			if _, ok := resolve.SliceWeight(slice); !ok {
				facts.Warnf(u.Origin, "", report.Invalid, "the annotation sluice.dev/weight of the EndpointSlice %q is no number from 1 to 1000, so its endpoints have the weight 1", slice.Name)
			}
		}
	}
}
