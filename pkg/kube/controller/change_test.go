package controller

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestOnlyChangesOfContentMatter(t *testing.T) {
	publish := types.NamespacedName{Namespace: "sluice-system", Name: "sluice"}
	object := metav1.ObjectMeta{Namespace: "default", Name: "a", UID: "1", ResourceVersion: "1", Generation: 1}
	published := metav1.ObjectMeta{Namespace: publish.Namespace, Name: publish.Name, UID: "1", ResourceVersion: "1"}
	withAddress := corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}}}

	cases := map[string]struct {
		before client.Object
		change func(client.Object)
		want   bool
	}{
		"a resync changes nothing": {
			before: &networkingv1.Ingress{ObjectMeta: object},
			change: func(o client.Object) { o.SetResourceVersion("1") },
		},
		"a new resource version alone does not matter": {
			before: &networkingv1.Ingress{ObjectMeta: object},
			change: func(client.Object) {},
		},
		"the status of an Ingress does not matter": {
			before: &networkingv1.Ingress{ObjectMeta: object},
			change: func(o client.Object) {
				o.(*networkingv1.Ingress).Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "192.0.2.1"}}
			},
		},
		"the addresses of the Service of a Gateway matter": {
			before: &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "1", Labels: map[string]string{gatewayLabel: "a"}}},
			change: func(o client.Object) { o.(*corev1.Service).Status = withAddress },
			want:   true,
		},
		"the content of a ConfigMap matters": {
			before: &corev1.ConfigMap{ObjectMeta: object},
			change: func(o client.Object) { o.(*corev1.ConfigMap).Data = map[string]string{"ca.crt": "new"} },
			want:   true,
		},
		"a new generation matters": {
			before: &networkingv1.Ingress{ObjectMeta: object},
			change: func(o client.Object) { o.SetGeneration(2) },
			want:   true,
		},
		"an annotation matters": {
			before: &networkingv1.Ingress{ObjectMeta: object},
			change: func(o client.Object) { o.SetAnnotations(map[string]string{"sluice.dev/ssl-redirect": "false"}) },
			want:   true,
		},
		"a label matters": {
			before: &corev1.Service{ObjectMeta: object},
			change: func(o client.Object) { o.SetLabels(map[string]string{"a": "b"}) },
			want:   true,
		},
		"an object that was deleted and made anew matters": {
			before: &networkingv1.Ingress{ObjectMeta: object},
			change: func(o client.Object) { o.SetUID("2") },
			want:   true,
		},
		"an object on its way out matters": {
			before: &networkingv1.Ingress{ObjectMeta: object},
			change: func(o client.Object) { now := metav1.Now(); o.SetDeletionTimestamp(&now) },
			want:   true,
		},
		"a port of a Service matters": {
			before: &corev1.Service{ObjectMeta: object},
			change: func(o client.Object) { o.(*corev1.Service).Spec.Ports = []corev1.ServicePort{{Port: 80}} },
			want:   true,
		},
		"the address of a Service does not matter": {
			before: &corev1.Service{ObjectMeta: object},
			change: func(o client.Object) { o.(*corev1.Service).Status = withAddress },
		},
		"the address of the publish Service matters": {
			before: &corev1.Service{ObjectMeta: published},
			change: func(o client.Object) { o.(*corev1.Service).Status = withAddress },
			want:   true,
		},
		"a new certificate matters": {
			before: &corev1.Secret{ObjectMeta: object},
			change: func(o client.Object) {
				o.(*corev1.Secret).Data = map[string][]byte{corev1.TLSCertKey: []byte("new")}
			},
			want: true,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			after := c.before.DeepCopyObject().(client.Object)
			after.SetResourceVersion("2")
			c.change(after)
			if got := matters(c.before, after, publish); got != c.want {
				t.Errorf("matters = %t, want %t", got, c.want)
			}
		})
	}
}
