package front

import (
	"cmp"
	"slices"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

// SliceManager signs the EndpointSlices, so that no other controller takes them
// for its own.
const SliceManager = "gateway-controller.sluice.dev"

// families are those of addresses that a Pod may have.
var families = []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6}

// SliceNames returns the names of all EndpointSlices that a Service may have.
func SliceNames(service string) []string {
	names := make([]string, len(families))
	for i, family := range families {
		names[i] = sliceName(service, family)
	}
	return names
}

func sliceName(service string, family discoveryv1.AddressType) string {
	return service + "-" + strings.ToLower(string(family))
}

// Slices returns the EndpointSlices of a Gateway's Service for one of Settings.Each, one for each family
// of addresses in which Sluice's Pods have any. pods are those of the Service that
// selects the Pods.
func Slices(gw *verdict.Gateway, s Settings, pods []*discoveryv1.EndpointSlice) []*discoveryv1.EndpointSlice {
	byFamily := make(map[discoveryv1.AddressType][]discoveryv1.Endpoint)
	for _, slice := range pods {
		for _, endpoint := range slice.Endpoints {
			byFamily[slice.AddressType] = append(byFamily[slice.AddressType], discoveryv1.Endpoint{
				Addresses:  endpoint.Addresses,
				Conditions: endpoint.Conditions,
				NodeName:   endpoint.NodeName,
				Zone:       endpoint.Zone,
			})
		}
	}
	var made []*discoveryv1.EndpointSlice
	for _, family := range families {
		endpoints := byFamily[family]
		if len(endpoints) == 0 {
			continue
		}
		slices.SortFunc(endpoints, func(a, b discoveryv1.Endpoint) int { return slices.Compare(a.Addresses, b.Addresses) })
		endpoints = slices.CompactFunc(endpoints, func(a, b discoveryv1.Endpoint) bool { return slices.Equal(a.Addresses, b.Addresses) })
		made = append(made, slice(gw, s, family, endpoints))
	}
	return made
}

func slice(gw *verdict.Gateway, s Settings, family discoveryv1.AddressType, endpoints []discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	service := s.name(gw)
	all := labels(gw, s)
	all[discoveryv1.LabelServiceName] = service
	all[discoveryv1.LabelManagedBy] = SliceManager
	made := &discoveryv1.EndpointSlice{
		TypeMeta: metav1.TypeMeta{APIVersion: discoveryv1.SchemeGroupVersion.String(), Kind: "EndpointSlice"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       gw.Object.Namespace,
			Name:            sliceName(service, family),
			Labels:          all,
			OwnerReferences: owners(gw),
		},
		AddressType: family,
		Endpoints:   endpoints,
	}
	for _, p := range gw.Ports {
		made.Ports = append(made.Ports, endpointPort(p))
	}
	slices.SortFunc(made.Ports, func(a, b discoveryv1.EndpointPort) int { return cmp.Compare(*a.Name, *b.Name) })
	return made
}

func endpointPort(p verdict.Port) discoveryv1.EndpointPort {
	name, protocol, target := portName(p), p.Protocol, p.Target
	return discoveryv1.EndpointPort{Name: &name, Protocol: &protocol, Port: &target}
}
