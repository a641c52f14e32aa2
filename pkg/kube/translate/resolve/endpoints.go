package resolve

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// StaticEndpoints returns the endpoint set of a static address, and false for
// the key of something else.
func StaticEndpoints(key string) (ir.EndpointSet, bool) {
	address, found := strings.CutPrefix(key, staticPrefix)
	if !found {
		return ir.EndpointSet{}, false
	}
	endpoint, err := parseAddress(address)
	if err != nil {
		return ir.EndpointSet{}, false
	}
	return ir.EndpointSet{Key: key, Endpoints: []ir.Endpoint{endpoint}}, true
}

// ServiceEndpoints returns the endpoint set of one port of a Service, made from
// its EndpointSlices and of what their Pods say. A nil Service, or one without the port,
// has no endpoints.
func ServiceEndpoints(key string, service *corev1.Service, slices []*discoveryv1.EndpointSlice, pods snapshot.Pods) ir.EndpointSet {
	set := ir.EndpointSet{Key: key}
	_, number, protocol, ok := ParseServiceKey(key)
	if service == nil || !ok {
		return set
	}
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		if port := externalPort(service, number, protocol); port > 0 && port <= 65535 {
			set.Endpoints = []ir.Endpoint{endpointOf(externalName(service), uint16(port))}
		}
		return set
	}
	port, found := snapshot.ServicePort(service, intstr.FromInt32(number), protocol)
	if !found {
		return set
	}
	_, label, value := parseLabelled(key)
	set.Endpoints = labelled(gather(service, port, slices), pods, label, value)
	asPodsSay(set.Endpoints, pods)
	return set
}

// externalPort returns the port where the named host is reached.
func externalPort(service *corev1.Service, number int32, protocol corev1.Protocol) int32 {
	if p, found := snapshot.ServicePort(service, intstr.FromInt32(number), protocol); found {
		return targetPort(p)
	}
	return number
}

// targetPort returns the port of the endpoints by the Service alone.
func targetPort(p *corev1.ServicePort) int32 {
	if p.TargetPort.Type == intstr.Int && p.TargetPort.IntVal > 0 {
		return p.TargetPort.IntVal
	}
	return p.Port
}

// candidate is an endpoint with what decides whether it is taken.
type candidate struct {
	ir.Endpoint
	// secondary is an address of the family that is not the Service's first.
	secondary bool
}

// gather returns the endpoints of all slices, sorted, each address once.
func gather(service *corev1.Service, port *corev1.ServicePort, all []*discoveryv1.EndpointSlice) []ir.Endpoint {
	first := discoveryv1.AddressTypeIPv4
	if len(service.Spec.IPFamilies) > 0 && service.Spec.IPFamilies[0] == corev1.IPv6Protocol {
		first = discoveryv1.AddressTypeIPv6
	}
	var found []candidate
	for _, slice := range all {
		number, ok := slicePort(slice, port)
		if !ok || slice.AddressType == discoveryv1.AddressTypeFQDN {
			continue
		}
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			if len(e.Addresses) == 0 {
				continue
			}
			// All addresses of an endpoint are as good as one another, so the first will do.
			ip, err := netip.ParseAddr(e.Addresses[0])
			if err != nil {
				continue
			}
			weight, _ := SliceWeight(slice)
			found = append(found, candidate{
				Endpoint: ir.Endpoint{
					Address:  netip.AddrPortFrom(ip.Unmap(), number),
					State:    state(e.Conditions, service.Spec.PublishNotReadyAddresses),
					Zone:     deref(e.Zone),
					ForZones: zones(e.Hints),
					Weight:   weight,
					Node:     deref(e.NodeName),
					Target:   target(e.TargetRef),
				},
				secondary: slice.AddressType != "" && slice.AddressType != first,
			})
		}
	}
	return distinct(dropSecond(found))
}

// slicePort returns the port of a slice's endpoints: that with the name of the
// Service's port. One without a number stands for every port.
func slicePort(slice *discoveryv1.EndpointSlice, port *corev1.ServicePort) (uint16, bool) {
	for _, p := range slice.Ports {
		if deref(p.Name) != port.Name || p.Protocol != nil && !sameProtocol(*p.Protocol, port.Protocol) {
			continue
		}
		number := targetPort(port)
		if p.Port != nil {
			number = *p.Port
		}
		if number < 1 || number > 65535 {
			return 0, false
		}
		return uint16(number), true
	}
	return 0, false
}

// state follows the meaning of the conditions in the EndpointSlice API: ready
// counts as true and serving as ready where they are not set. An endpoint of a
// Service with publishNotReadyAddresses is always ready.
func state(c discoveryv1.EndpointConditions, publishNotReady bool) ir.EndpointState {
	ready := c.Ready == nil || *c.Ready
	serving := ready
	if c.Serving != nil {
		serving = *c.Serving
	}
	switch {
	case ready || publishNotReady:
		return ir.EndpointReady
	case serving && c.Terminating != nil && *c.Terminating:
		return ir.EndpointTerminating
	}
	return ir.EndpointUnready
}

// dropSecond leaves out the second address of Pods that have one of each family,
// so that no Pod counts twice. That of the Service's first family stays.
func dropSecond(found []candidate) []candidate {
	first := make(map[string]bool)
	for _, c := range found {
		if !c.secondary && c.Target != "" {
			first[c.Target] = true
		}
	}
	return slices.DeleteFunc(found, func(c candidate) bool { return c.secondary && first[c.Target] })
}

// distinct sorts by address and keeps of equal addresses the one that may get
// most requests: an endpoint that moves from one slice to another is in both for a while.
func distinct(found []candidate) []ir.Endpoint {
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(a.Address.Compare(b.Address), cmp.Compare(a.State, b.State))
	})
	var out []ir.Endpoint
	for _, c := range found {
		if len(out) > 0 && out[len(out)-1].Address == c.Address {
			continue
		}
		out = append(out, c.Endpoint)
	}
	return out
}

// weightAnnotation gives the endpoints of an EndpointSlice a weight.
const weightAnnotation = "sluice.dev/weight"

// maxEndpointWeight is the highest weight of an endpoint.
const maxEndpointWeight = 1000

// SliceWeight returns the weight that an EndpointSlice gives its endpoints, 0 where it
// gives none, and false where what it says is no number from 1 to 1000.
func SliceWeight(slice *discoveryv1.EndpointSlice) (weight int, ok bool) {
	text, found := slice.Annotations[weightAnnotation]
	if !found {
		return 0, true
	}
	weight, err := strconv.Atoi(text)
	if err != nil || weight < 1 || weight > maxEndpointWeight {
		return 0, false
	}
	return weight, true
}

// zones returns the zones of topology hints as ir.Endpoint has them.
func zones(hints *discoveryv1.EndpointHints) string {
	if hints == nil {
		return ""
	}
	names := make([]string, 0, len(hints.ForZones))
	for _, zone := range hints.ForZones {
		names = append(names, zone.Name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

func target(ref *corev1.ObjectReference) string {
	if !isPod(ref) {
		return ""
	}
	return ref.Namespace + "/" + ref.Name
}

func isPod(ref *corev1.ObjectReference) bool {
	return ref != nil && ref.Name != "" && (ref.Kind == "" || ref.Kind == "Pod")
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// sameProtocol compares protocols of which an empty one means TCP.
func sameProtocol(a, b corev1.Protocol) bool {
	return cmp.Or(a, corev1.ProtocolTCP) == cmp.Or(b, corev1.ProtocolTCP)
}
