package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

func TestAddressesOfAServiceAreWhereClientsReachIt(t *testing.T) {
	balanced := func(ingress ...corev1.LoadBalancerIngress) corev1.ServiceStatus {
		return corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: ingress}}
	}
	cases := map[string]struct {
		service corev1.Service
		want    []networkingv1.IngressLoadBalancerIngress
	}{
		"the addresses and names of a load balancer, sorted, without its ports": {
			service: corev1.Service{
				Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, ClusterIP: "10.0.0.1"},
				Status: balanced(
					corev1.LoadBalancerIngress{IP: "192.0.2.9", Ports: []corev1.PortStatus{{Port: 80}}},
					corev1.LoadBalancerIngress{Hostname: "lb.example.com"},
					corev1.LoadBalancerIngress{IP: "192.0.2.1"}),
			},
			want: []networkingv1.IngressLoadBalancerIngress{{Hostname: "lb.example.com"}, {IP: "192.0.2.1"}, {IP: "192.0.2.9"}},
		},
		"the external IPs beside those of the load balancer, each once": {
			service: corev1.Service{
				Spec:   corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, ExternalIPs: []string{"192.0.2.1", "192.0.2.2"}},
				Status: balanced(corev1.LoadBalancerIngress{IP: "192.0.2.1"}),
			},
			want: []networkingv1.IngressLoadBalancerIngress{{IP: "192.0.2.1"}, {IP: "192.0.2.2"}},
		},
		"none while the load balancer has none": {
			service: corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, ClusterIP: "10.0.0.1"}},
		},
		"the cluster IP of a Service of that type": {
			service: corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, ClusterIP: "10.0.0.1"}},
			want:    []networkingv1.IngressLoadBalancerIngress{{IP: "10.0.0.1"}},
		},
		"the external IPs of a NodePort Service": {
			service: corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, ClusterIP: "10.0.0.1", ExternalIPs: []string{"2001:db8::1"}}},
			want:    []networkingv1.IngressLoadBalancerIngress{{IP: "2001:db8::1"}},
		},
		"none of a headless Service": {
			service: corev1.Service{Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}},
		},
		"the name of an ExternalName Service": {
			service: corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "lb.example.com"}},
			want:    []networkingv1.IngressLoadBalancerIngress{{Hostname: "lb.example.com"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, serviceAddresses(&c.service)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFixedAddressesAreIPsOrNames(t *testing.T) {
	got := fixedAddresses([]string{"192.0.2.1", "lb.example.com", "2001:db8::1", "192.0.2.1"})
	want := []networkingv1.IngressLoadBalancerIngress{{Hostname: "lb.example.com"}, {IP: "192.0.2.1"}, {IP: "2001:db8::1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
