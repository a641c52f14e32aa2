package status

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// fixedAddresses returns the addresses and host names of --publish-status-address.
func fixedAddresses(values []string) []networkingv1.IngressLoadBalancerIngress {
	addresses := make([]networkingv1.IngressLoadBalancerIngress, 0, len(values))
	for _, value := range values {
		addresses = append(addresses, address(value))
	}
	return canonical(addresses)
}

// serviceAddresses returns where clients reach a Service, by the rules that users
// of ingress-nginx know: the load balancer's addresses and the external IPs; the
// cluster IP where the Service has neither by its type; the name that an
// ExternalName Service stands for. There are none while a load balancer has not
// been given an address.
func serviceAddresses(service *corev1.Service) []networkingv1.IngressLoadBalancerIngress {
	var addresses []networkingv1.IngressLoadBalancerIngress
	for _, ip := range service.Spec.ExternalIPs {
		addresses = append(addresses, address(ip))
	}
	switch service.Spec.Type {
	case corev1.ServiceTypeExternalName:
		return []networkingv1.IngressLoadBalancerIngress{address(service.Spec.ExternalName)}
	case corev1.ServiceTypeLoadBalancer:
		for _, given := range service.Status.LoadBalancer.Ingress {
			addresses = append(addresses, networkingv1.IngressLoadBalancerIngress{IP: given.IP, Hostname: given.Hostname})
		}
	default:
		if len(addresses) == 0 && service.Spec.ClusterIP != "" && service.Spec.ClusterIP != corev1.ClusterIPNone {
			addresses = append(addresses, address(service.Spec.ClusterIP))
		}
	}
	return canonical(addresses)
}

// address returns an IP address as such and anything else as a host name.
func address(value string) networkingv1.IngressLoadBalancerIngress {
	if _, err := netip.ParseAddr(value); err == nil {
		return networkingv1.IngressLoadBalancerIngress{IP: value}
	}
	return networkingv1.IngressLoadBalancerIngress{Hostname: value}
}

// canonical sorts addresses and drops doubles, so that equal sets compare equal.
func canonical(addresses []networkingv1.IngressLoadBalancerIngress) []networkingv1.IngressLoadBalancerIngress {
	slices.SortFunc(addresses, func(a, b networkingv1.IngressLoadBalancerIngress) int {
		return cmp.Or(cmp.Compare(a.IP, b.IP), cmp.Compare(a.Hostname, b.Hostname))
	})
	return slices.CompactFunc(addresses, func(a, b networkingv1.IngressLoadBalancerIngress) bool {
		return a.IP == b.IP && a.Hostname == b.Hostname
	})
}

// sameAddresses reports whether an Ingress says what it should, in that order.
func sameAddresses(is, should []networkingv1.IngressLoadBalancerIngress) bool {
	return slices.EqualFunc(is, should, func(a, b networkingv1.IngressLoadBalancerIngress) bool {
		return a.IP == b.IP && a.Hostname == b.Hostname && len(a.Ports) == len(b.Ports)
	})
}
