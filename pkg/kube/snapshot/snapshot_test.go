package snapshot

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
)

func meta(namespace, name string, created int64) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: metav1.Unix(created, 0)}
}

func TestObjectsAreSortedByAgeThenName(t *testing.T) {
	var b Builder
	b.Add(
		&networkingv1.Ingress{ObjectMeta: meta("b", "a", 2)},
		&networkingv1.Ingress{ObjectMeta: meta("a", "b", 2)},
		&networkingv1.Ingress{ObjectMeta: meta("z", "z", 1)},
		&networkingv1.Ingress{ObjectMeta: meta("a", "a", 2)},
	)
	var names []string
	for _, o := range b.Snapshot().Ingresses() {
		names = append(names, NameOf(o).String())
	}
	if want := []string{"z/z", "a/a", "a/b", "b/a"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

func TestListsStandForTheirItems(t *testing.T) {
	slice := discoveryv1.EndpointSlice{ObjectMeta: meta("a", "x-1", 1)}
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: "x"}
	var b Builder
	if !b.Add(
		&networkingv1.IngressList{Items: []networkingv1.Ingress{{ObjectMeta: meta("a", "x", 1)}}},
		&networkingv1.IngressClassList{Items: []networkingv1.IngressClass{{ObjectMeta: meta("", "x", 1)}}},
		&v1alpha1.ProxyRouteList{Items: []v1alpha1.ProxyRoute{{ObjectMeta: meta("a", "x", 1)}}},
		&corev1.ServiceList{Items: []corev1.Service{{ObjectMeta: meta("a", "x", 1)}}},
		&corev1.SecretList{Items: []corev1.Secret{{ObjectMeta: meta("a", "x", 1)}}},
		&corev1.ConfigMapList{Items: []corev1.ConfigMap{{ObjectMeta: meta("a", "x", 1)}}},
		&discoveryv1.EndpointSliceList{Items: []discoveryv1.EndpointSlice{slice, {ObjectMeta: meta("a", "stray", 1)}}},
	) {
		t.Error("a list was left out")
	}
	if b.Add(&corev1.Node{}) {
		t.Error("a Node was taken")
	}
	if b.Add(&metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{Kind: "Node"}}, &metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{Kind: "NodeList"}}) {
		t.Error("the metadata of Nodes was taken")
	}
	pod := metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{Kind: "Pod"}, ObjectMeta: meta("a", "listed", 1)}
	if !b.Add(
		&corev1.Pod{ObjectMeta: meta("a", "whole", 1)},
		&metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{Kind: "PodList"}, Items: []metav1.PartialObjectMetadata{pod}},
	) {
		t.Error("a Pod was left out")
	}
	s := b.Snapshot()
	for _, name := range []string{"whole", "listed"} {
		if s.Pod(types.NamespacedName{Namespace: "a", Name: name}) == nil {
			t.Errorf("the Pod %s is missing", name)
		}
	}
	x := types.NamespacedName{Namespace: "a", Name: "x"}
	if len(s.Ingresses()) != 1 || len(s.IngressClasses()) != 1 || len(s.ProxyRoutes()) != 1 ||
		s.Service(x) == nil || s.Secret(x) == nil || s.ConfigMap(x) == nil || len(s.EndpointSlices(x)) != 1 {
		t.Errorf("an item is missing: %+v", s)
	}
	if again := b.Snapshot(); len(again.Ingresses()) != 0 || again.Service(x) != nil {
		t.Error("the builder is not empty after a snapshot")
	}
}

func TestAnEmptySnapshotAnswers(t *testing.T) {
	s := new(Builder).Snapshot()
	none := types.NamespacedName{Namespace: "a", Name: "x"}
	if s.Service(none) != nil || s.Secret(none) != nil || s.ConfigMap(none) != nil || s.EndpointSlices(none) != nil {
		t.Error("there is something in nothing")
	}
}

func TestServicePortOfUDP(t *testing.T) {
	service := &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{
		{Name: "a", Port: 53},
		{Name: "b", Port: 53, Protocol: corev1.ProtocolUDP},
	}}}
	if p, found := ServicePort(service, intstr.FromInt32(53), corev1.ProtocolUDP); !found || p.Name != "b" {
		t.Errorf("got %v, want the port b", p)
	}
	if p, found := ServicePort(service, intstr.FromString("a"), corev1.ProtocolUDP); found {
		t.Errorf("got %v, a port of TCP", p)
	}
}

func TestServicePort(t *testing.T) {
	service := &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{
		{Name: "dns", Port: 80, Protocol: corev1.ProtocolUDP},
		{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP},
		{Name: "", Port: 81},
		{Name: "8080", Port: 82},
	}}}
	for name, test := range map[string]struct {
		port intstr.IntOrString
		want int32
	}{
		"a number means the port of TCP":  {intstr.FromInt32(80), 80},
		"no protocol is TCP":              {intstr.FromInt32(81), 81},
		"a name":                          {intstr.FromString("http"), 80},
		"a port of UDP is none":           {intstr.FromString("dns"), 0},
		"a number that is none":           {intstr.FromInt32(8080), 0},
		"a name that looks like a number": {intstr.FromString("8080"), 82},
		"an empty name is none":           {intstr.FromString(""), 0},
	} {
		t.Run(name, func(t *testing.T) {
			var got int32
			if p, found := ServicePort(service, test.port, corev1.ProtocolTCP); found {
				got = p.Port
				if p.Protocol == corev1.ProtocolUDP {
					t.Error("it is a port of UDP")
				}
			}
			if got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
