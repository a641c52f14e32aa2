package translate_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
)

// compareAddresses lets cmp look into netip.AddrPort.
var compareAddresses = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

// TestEndpointsOfOneServiceAreThoseOfAllTogether compares the fast lane with the full build.
func TestEndpointsOfOneServiceAreThoseOfAllTogether(t *testing.T) {
	var b snapshot.Builder
	two := service("shop")
	two.Spec.Ports = []corev1.ServicePort{{Name: "a", Port: 80}, {Name: "b", Port: 8080}}
	objects := map[string]*corev1.Service{"shop": two, "shop-2": service("shop-2"), "sho": service("sho"), "unused": service("unused")}
	for _, o := range objects {
		b.Add(o)
	}
	b.Add(slice("sho", "10.0.0.1"), slice("shop-2", "10.0.0.2"), slice("unused", "10.0.0.3"))
	named := slice("shop", "10.0.0.4")
	first, second := "a", "b"
	port := int32(9)
	named.Ports = []discoveryv1.EndpointPort{{Name: &first, Port: &port}, {Name: &second, Port: &port}}
	b.Add(named)
	other := path("/other", "shop")
	other.Backend.Service.Port.Number = 8080
	b.Add(ingress("shop", "shop.example.com", 1, path("/", "shop"), other, path("/2", "shop-2"), path("/sho", "sho")))
	s := b.Snapshot()
	config, _, _ := translate.Translate(s, translate.DefaultOptions())

	var lane []ir.EndpointSet
	for _, name := range []string{"sho", "shop-2", "shop", "unused"} {
		key := types.NamespacedName{Namespace: "default", Name: name}
		lane = append(lane, translate.EndpointsOf(config, objects[name], s.EndpointSlices(key), s.Pod)...)
	}
	full := translate.Endpoints(s, config)
	if len(full) != 4 {
		t.Errorf("%d sets, want 4", len(full))
	}
	if diff := cmp.Diff(full, lane, compareAddresses); diff != "" {
		t.Errorf("all together (-) and one by one (+):\n%s", diff)
	}
	if sets := translate.EndpointsOf(config, nil, nil, nil); len(sets) > 0 {
		t.Errorf("a Service that does not exist has endpoint sets: %v", sets)
	}
}

func TestServiceOf(t *testing.T) {
	for key, want := range map[string]string{
		"default/shop:80":        "default/shop",
		"static:10.0.0.1:80":     "",
		"static:[fd00::1]:80":    "",
		"static:a.example.com:1": "",
	} {
		name, ok := translate.ServiceOf(key)
		if got := name.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%s: got %q, %t", key, got, ok)
		}
	}
}
