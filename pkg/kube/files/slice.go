package files

import (
	"fmt"
	"net/netip"
	"strconv"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/sluice-dev/sluice/pkg/report"
)

// checkSlice refuses what the API server would refuse of an EndpointSlice. People
// write these by hand for want of a cluster, and nobody else would notice. Loopback
// addresses, which the API server refuses as well, are what such slices are for.
func (e *entry) checkSlice(slice *discoveryv1.EndpointSlice) {
	switch slice.AddressType {
	case discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6:
	case discoveryv1.AddressTypeFQDN:
		e.fact("addressType", report.Warning, report.Unsupported, "endpoints of the type FQDN are not served; a Service of the type ExternalName stands for a name")
		return
	default:
		e.refuse("addressType", fmt.Sprintf("%q is none of IPv4, IPv6 and FQDN", slice.AddressType))
		return
	}
	if slice.Labels[discoveryv1.LabelServiceName] == "" {
		e.fact("metadata.labels", report.Warning, report.Invalid,
			fmt.Sprintf("the label %s is missing, so the endpoints belong to no Service", discoveryv1.LabelServiceName))
	}
	for i := range slice.Endpoints {
		at := "endpoints[" + strconv.Itoa(i) + "].addresses"
		if len(slice.Endpoints[i].Addresses) == 0 {
			e.refuse(at, "an endpoint must have an address")
		}
		for j, address := range slice.Endpoints[i].Addresses {
			ip, err := netip.ParseAddr(address)
			if err != nil || ip.Is4() != (slice.AddressType == discoveryv1.AddressTypeIPv4) {
				e.refuse(at+"["+strconv.Itoa(j)+"]", fmt.Sprintf("%q is no %s address", address, slice.AddressType))
			}
		}
	}
}
