package front

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

func TestNamesOfServices(t *testing.T) {
	valid := regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
	seen := make(map[string]string)
	for _, gateway := range []string{
		"public", "9", "a.b", "a-b", "a.b.c", strings.Repeat("a", 56), strings.Repeat("a", 57),
		strings.Repeat("a", 253), strings.Repeat("a", 252) + "b", strings.Repeat("a.", 126) + "a", strings.Repeat("a", 51) + "-" + strings.Repeat("b", 10),
	} {
		name := Name(gateway)
		if !valid.MatchString(name) {
			t.Errorf("%q is no name for a Service", name)
		}
		if other, taken := seen[name]; taken {
			t.Errorf("%q and %q have one name: %q", gateway, other, name)
		}
		seen[name] = gateway
	}
	if got := Name("public"); got != "sluice-public" {
		t.Errorf("got %q", got)
	}
}

func gateway() *verdict.Gateway {
	return &verdict.Gateway{
		Object: &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "public", UID: "1"}},
		Class:  &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "sluice"}},
		Ports:  []verdict.Port{{Number: 443, Protocol: corev1.ProtocolTCP, Target: 20443}},
	}
}

func parameters(namespace, name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}
}

func TestParametersOfClassAndGateway(t *testing.T) {
	gw := gateway()
	system := gatewayv1.Namespace("system")
	gw.Class.Spec.ParametersRef = &gatewayv1.ParametersReference{Kind: "ConfigMap", Namespace: &system, Name: "all"}
	gw.Object.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{
		ParametersRef: &gatewayv1.LocalParametersReference{Kind: "ConfigMap", Name: "own"},
		Labels:        map[gatewayv1.LabelKey]gatewayv1.LabelValue{"team": "shop", verdict.GatewayLabel: "stolen"},
		Annotations:   map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue{"c": "infrastructure"},
	}
	var b snapshot.Builder
	b.Add(
		parameters("system", "all", map[string]string{
			"serviceType": "NodePort", "externalTrafficPolicy": "Local", "serviceAnnotations": "{a: class, b: class, c: class}",
			"loadBalancerSourceRanges": "192.0.2.0/24, 2001:db8::/32",
		}),
		parameters("shop", "own", map[string]string{
			"serviceType": "LoadBalancer", "serviceAnnotations": "b: own\n", "loadBalancerClass": "example.com/lb", "allocateLoadBalancerNodePorts": "false",
		}),
	)
	settings, refusal := SettingsOf(b.Snapshot(), gw)
	if refusal != nil {
		t.Fatal(refusal)
	}
	service := Service(gw, settings)
	class, no := "example.com/lb", false
	want := corev1.ServiceSpec{
		Type: corev1.ServiceTypeLoadBalancer, ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyLocal,
		LoadBalancerClass: &class, LoadBalancerSourceRanges: []string{"192.0.2.0/24", "2001:db8::/32"}, AllocateLoadBalancerNodePorts: &no,
		Ports: service.Spec.Ports,
	}
	if diff := cmp.Diff(want, service.Spec); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"a": "class", "b": "own", "c": "infrastructure"}, service.Annotations); diff != "" {
		t.Errorf("annotations: %s", diff)
	}
	if diff := cmp.Diff(map[string]string{"team": "shop", verdict.GatewayLabel: "public", verdict.ManagedLabel: verdict.ManagedValue}, service.Labels); diff != "" {
		t.Errorf("labels: %s", diff)
	}
}

func TestParametersThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		kind string
		data map[string]string
		want string
	}{
		"another kind":                       {"Secret", nil, `parameters are in a ConfigMap, not in a Secret of the group ""`},
		"a ConfigMap that is not there":      {"ConfigMap", nil, "there is no ConfigMap shop/own"},
		"an unknown key":                     {"ConfigMap", map[string]string{"servicetype": "x"}, "servicetype: there is no such parameter"},
		"an unknown type":                    {"ConfigMap", map[string]string{"serviceType": "ExternalName"}, `serviceType: "ExternalName" is none of [LoadBalancer NodePort ClusterIP]`},
		"an unknown policy":                  {"ConfigMap", map[string]string{"externalTrafficPolicy": "local"}, `externalTrafficPolicy: "local" is none of [Cluster Local]`},
		"annotations that are no mapping":    {"ConfigMap", map[string]string{"serviceAnnotations": "- a"}, "serviceAnnotations: it is no YAML mapping"},
		"a range that is no CIDR":            {"ConfigMap", map[string]string{"loadBalancerSourceRanges": "192.0.2.1"}, `loadBalancerSourceRanges: "192.0.2.1" is no CIDR`},
		"a truth that is neither":            {"ConfigMap", map[string]string{"allocateLoadBalancerNodePorts": "maybe"}, `"maybe" is neither true nor false`},
		"two mistakes, the first by the key": {"ConfigMap", map[string]string{"b": "", "a": ""}, ": a: there is no such parameter"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			gw := gateway()
			gw.Object.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{
				ParametersRef: &gatewayv1.LocalParametersReference{Kind: gatewayv1.Kind(tt.kind), Name: "own"},
			}
			var b snapshot.Builder
			if tt.data != nil {
				b.Add(parameters("shop", "own", tt.data))
			}
			_, refusal := SettingsOf(b.Snapshot(), gw)
			if refusal == nil || refusal.Reason != gatewayv1.GatewayReasonInvalidParameters || !strings.Contains(refusal.Message, tt.want) {
				t.Errorf("got %+v, want %q", refusal, tt.want)
			}
		})
	}
}

func TestSlicesHaveAllPodsOnce(t *testing.T) {
	no := false
	node := "one"
	pod := func(address string) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: &no}, NodeName: &node}
	}
	port := int32(10254)
	pods := []*discoveryv1.EndpointSlice{
		{AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{pod("10.0.0.2"), pod("10.0.0.1")}, Ports: []discoveryv1.EndpointPort{{Port: &port}}},
		{AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{pod("10.0.0.1")}},
		{AddressType: discoveryv1.AddressTypeIPv6, Endpoints: []discoveryv1.Endpoint{pod("2001:db8::1")}},
	}
	made := Slices(gateway(), Settings{}, pods)
	if len(made) != 2 || made[0].Name != "sluice-public-ipv4" || made[1].Name != "sluice-public-ipv6" {
		t.Fatalf("slices: %+v", made)
	}
	if diff := cmp.Diff([]discoveryv1.Endpoint{pod("10.0.0.1"), pod("10.0.0.2")}, made[0].Endpoints); diff != "" {
		t.Error(diff)
	}
	service := Service(gateway(), Settings{})
	if p := made[0].Ports; len(p) != 1 || *p[0].Port != 20443 || *p[0].Name != service.Spec.Ports[0].Name {
		t.Errorf("ports: %+v", p)
	}
	if diff := cmp.Diff([]string{made[0].Name, made[1].Name}, SliceNames(service.Name)); diff != "" {
		t.Errorf("names: %s", diff)
	}
}
