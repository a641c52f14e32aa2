package app

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestPodsChangeEndpointsAtOnceAndVersionsByABuild(t *testing.T) {
	p, _ := newPublisher(t)
	name := types.NamespacedName{Namespace: "ns", Name: "a"}
	route := &v1alpha1.ProxyRoute{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"},
		Spec: v1alpha1.ProxyRouteSpec{
			Hosts:    []string{"a.example"},
			Settings: v1alpha1.Settings{Versioning: &v1alpha1.Versioning{Source: v1alpha1.VersionHeader, Name: "v", Default: "1"}},
			Routes: []v1alpha1.Route{{Backends: []v1alpha1.Backend{{
				Service: &v1alpha1.ServiceRef{Name: "a", Port: intstr.FromInt32(80)}, VersionFromPodLabel: "version",
			}}}},
		},
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a-0", Labels: map[string]string{"version": "1"}}}
	slice := endpointSlice("a", "10.0.0.1")
	slice.Endpoints[0].TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: "ns", Name: "a-0"}
	slices := []*discoveryv1.EndpointSlice{slice}
	now := func(labels, annotations map[string]string) func(types.NamespacedName) *metav1.PartialObjectMetadata {
		return func(asked types.NamespacedName) *metav1.PartialObjectMetadata {
			if asked.Name != "a-0" {
				return nil
			}
			return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a-0", Labels: labels, Annotations: annotations}}
		}
	}
	p.publish(snapshotOf(route, service("a"), slice, pod), nil)
	states := func() []ir.EndpointState {
		var states []ir.EndpointState
		for _, e := range p.upstreams.Endpoints()["ns/a:80[version=1]"].Endpoints {
			states = append(states, e.State)
		}
		return states
	}
	if got := states(); len(got) != 1 || got[0] != ir.EndpointReady {
		t.Fatalf("the endpoints of version 1 are %v, want one that is ready", got)
	}

	if p.endpoints(name, slices, now(map[string]string{"version": "1"}, map[string]string{"sluice.dev/ready": "false"})) {
		t.Error("the annotation asks for a build")
	}
	if got := states(); len(got) != 1 || got[0] != ir.EndpointUnready {
		t.Errorf("the endpoints of version 1 are %v, want one that is unready by its annotation", got)
	}
	if !p.endpoints(name, slices, now(map[string]string{"version": "2"}, nil)) {
		t.Error("a new version asks for no build")
	}
	if !p.endpoints(name, slices, now(map[string]string{"version": "1"}, map[string]string{"sluice.dev/ready": "maybe"})) {
		t.Error("an annotation that cannot be read asks for no build, so that nobody is told")
	}
	if p.endpoints(name, slices, now(map[string]string{"version": "1", "other": "2"}, nil)) {
		t.Error("a label that nothing reads asks for a build")
	}
	if got := states(); len(got) != 1 || got[0] != ir.EndpointReady {
		t.Errorf("the endpoints of version 1 are %v, want one that is ready again", got)
	}
}
