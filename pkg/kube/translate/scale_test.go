package translate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/report"
)

var prefix = networkingv1.PathTypePrefix

// path returns a path of an Ingress that leads to port 80 of a Service.
func path(path, service string) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{
		Path: path, PathType: &prefix,
		Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
			Name: service, Port: networkingv1.ServiceBackendPort{Number: 80},
		}},
	}
}

// ingress returns an Ingress of one host.
func ingress(name, host string, created int64, paths ...networkingv1.HTTPIngressPath) *networkingv1.Ingress {
	class := "sluice"
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, CreationTimestamp: metav1.Unix(created, 0)},
		Spec: networkingv1.IngressSpec{IngressClassName: &class, Rules: []networkingv1.IngressRule{{
			Host:             host,
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}},
		}}},
	}
}

func service(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
	}
}

func slice(service string, addresses ...string) *discoveryv1.EndpointSlice {
	name, port := "", int32(8080)
	s := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: service + "-1",
			Labels: map[string]string{discoveryv1.LabelServiceName: service},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
	}
	for _, address := range addresses {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{address}})
	}
	return s
}

// TestTenThousandPathsOnOneHost has two objects claim the same 10,000 paths.
func TestTenThousandPathsOnOneHost(t *testing.T) {
	const n = 10_000
	var b snapshot.Builder
	var paths []networkingv1.HTTPIngressPath
	for i := range n {
		paths = append(paths, path(fmt.Sprintf("/p%d", i), "shop"))
	}
	b.Add(service("shop"), ingress("older", "shop.example.com", 1, paths...), ingress("younger", "shop.example.com", 2, paths...))
	b.Add(ingress("neighbour", "neighbour.example.com", 3, path("/", "shop")))
	config, _, facts := translate.Translate(b.Snapshot(), translate.DefaultOptions())
	if err := ir.Validate(config); err != nil {
		t.Fatal(err)
	}
	hosts := config.RouteSets[0].Hosts
	if len(hosts) != 2 || hosts[0].Pattern != "neighbour.example.com" || len(hosts[0].Routes) != 1 {
		t.Error("the neighbour is not served")
	}
	routes := hosts[1].Routes
	if len(routes) != n {
		t.Fatalf("%d routes, want %d", len(routes), n)
	}
	for i := range routes {
		if !strings.HasPrefix(routes[i].ID, "ingress/default/older/0/") {
			t.Fatalf("%s is served, which is younger", routes[i].ID)
		}
		if i > 0 && ir.CompareMatches(routes[i-1].Match, routes[i].Match) > 0 {
			t.Fatalf("%s stands before %s", routes[i-1].Match, routes[i].Match)
		}
	}
	conflicts := 0
	for _, fact := range facts.Of(report.Origin{Kind: "Ingress", Namespace: "default", Name: "younger"}) {
		if fact.Reason == report.Conflict && strings.Contains(fact.Message, "Ingress/default/older") {
			conflicts++
		}
	}
	if conflicts != n {
		t.Errorf("%d conflicts, want %d", conflicts, n)
	}
}

// BenchmarkTranslate translates 5,000 Ingresses with a Service each.
func BenchmarkTranslate(b *testing.B) {
	var objects snapshot.Builder
	var services []*corev1.Service
	var ingresses []*networkingv1.Ingress
	for i := range 5000 {
		name := fmt.Sprintf("shop-%d", i)
		services = append(services, service(name))
		ingresses = append(ingresses, ingress(name, name+".example.com", int64(5000-i), path("/", name), path("/api", name)))
	}
	o := translate.DefaultOptions()
	o.Now = time.Unix(0, 0)
	b.ReportAllocs()
	for b.Loop() {
		for i := range services {
			objects.Add(services[i], ingresses[i])
		}
		s := objects.Snapshot()
		config, _, _ := translate.Translate(s, o)
		translate.Endpoints(s, config)
	}
}
