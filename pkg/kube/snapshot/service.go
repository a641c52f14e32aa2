package snapshot

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ServicePort returns the port of a Service with that name or number and protocol,
// and false where it has none. A port without a protocol is a TCP port.
func ServicePort(service *corev1.Service, port intstr.IntOrString, protocol corev1.Protocol) (*corev1.ServicePort, bool) {
	for i := range service.Spec.Ports {
		p := &service.Spec.Ports[i]
		if p.Protocol != protocol && (p.Protocol != "" || protocol != corev1.ProtocolTCP) {
			continue
		}
		if port.Type == intstr.Int && p.Port == port.IntVal || port.Type == intstr.String && port.StrVal != "" && p.Name == port.StrVal {
			return p, true
		}
	}
	return nil, false
}
