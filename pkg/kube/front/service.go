package front

import (
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

// Service returns the Service of a Gateway for one of Settings.Each. It has no selector.
func Service(gw *verdict.Gateway, s Settings) *corev1.Service {
	service := &corev1.Service{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       gw.Object.Namespace,
			Name:            s.name(gw),
			Labels:          labels(gw, s),
			Annotations:     maps.Clone(s.Annotations),
			OwnerReferences: owners(gw),
		},
		Spec: corev1.ServiceSpec{Type: s.Type, ExternalTrafficPolicy: s.ExternalTrafficPolicy},
	}
	for _, p := range gw.Ports {
		service.Spec.Ports = append(service.Spec.Ports, corev1.ServicePort{
			Name:       portName(p),
			Protocol:   p.Protocol,
			Port:       p.Number,
			TargetPort: intstr.FromInt32(p.Target),
		})
	}
	switch s.Type {
	case corev1.ServiceTypeLoadBalancer:
		service.Spec.LoadBalancerClass = s.LoadBalancerClass
		service.Spec.LoadBalancerSourceRanges = s.SourceRanges
		service.Spec.AllocateLoadBalancerNodePorts = s.AllocateNodePorts
		if len(s.Addresses) > 0 {
			service.Spec.LoadBalancerIP = s.Addresses[0]
		}
	case corev1.ServiceTypeClusterIP:
		// The API server refuses a policy for what comes from outside.
		service.Spec.ExternalTrafficPolicy = ""
		if len(s.Addresses) > 0 {
			service.Spec.ClusterIP = s.Addresses[0]
		}
	}
	return service
}

// labels are those of all objects that lead to a Gateway: the infrastructure's,
// and above them those by which the objects are found again.
func labels(gw *verdict.Gateway, s Settings) map[string]string {
	all := maps.Clone(s.Labels)
	if all == nil {
		all = make(map[string]string, 2)
	}
	all[verdict.ManagedLabel] = verdict.ManagedValue
	all[verdict.GatewayLabel] = verdict.GatewayLabelValue(gw.Object.Name)
	return all
}

// owners make an object go when the Gateway goes.
func owners(gw *verdict.Gateway) []metav1.OwnerReference {
	controller := true
	return []metav1.OwnerReference{{
		APIVersion: gatewayv1.GroupVersion.String(),
		Kind:       "Gateway",
		Name:       gw.Object.Name,
		UID:        gw.Object.UID,
		Controller: &controller,
	}}
}

// portName joins a port of the Service with the same one of its EndpointSlices.
func portName(p verdict.Port) string {
	return fmt.Sprintf("%s-%d", strings.ToLower(string(p.Protocol)), p.Number)
}
