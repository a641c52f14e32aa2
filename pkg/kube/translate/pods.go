package translate

import (
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/translate/settings"
	"github.com/sluice-dev/sluice/pkg/report"
)

// PodValues are what a translation made of the labels and annotations of Pods, by Service
// and label. Where it changes, there are other upstreams or facts.
type PodValues struct {
	labels map[types.NamespacedName]map[string]string
	faults map[types.NamespacedName]string
}

// ReadPods returns the values of a snapshot.
func ReadPods(s *snapshot.Snapshot) *PodValues {
	v := &PodValues{labels: make(map[types.NamespacedName]map[string]string), faults: make(map[types.NamespacedName]string)}
	for _, object := range s.ProxyRoutes() {
		for i := range object.Spec.Routes {
			for _, b := range object.Spec.Routes[i].Backends {
				if b.Service == nil || b.VersionFromPodLabel == "" {
					continue
				}
				name := settings.ServiceName(b.Service, object.Namespace)
				if v.labels[name] == nil {
					v.labels[name] = make(map[string]string)
				}
				v.labels[name][b.VersionFromPodLabel] = labelValues(b.VersionFromPodLabel, s.EndpointSlices(name), s.Pod)
			}
		}
	}
	for service := range s.Services() {
		name := snapshot.NameOf(service)
		if faults := readyFaults(s.EndpointSlices(name), s.Pod); faults != "" {
			v.faults[name] = faults
		}
	}
	return v
}

// Changed says whether a translation would make something else of the Pods of a Service.
func (v *PodValues) Changed(service types.NamespacedName, slices []*discoveryv1.EndpointSlice, pods snapshot.Pods) bool {
	for label, values := range v.labels[service] {
		if labelValues(label, slices, pods) != values {
			return true
		}
	}
	return readyFaults(slices, pods) != v.faults[service]
}

func labelValues(label string, slices []*discoveryv1.EndpointSlice, pods snapshot.Pods) string {
	return strings.Join(resolve.LabelValues(label, slices, pods), ",")
}

func readyFaults(slices []*discoveryv1.EndpointSlice, pods snapshot.Pods) string {
	return strings.Join(resolve.ReadyFaults(slices, pods), ",")
}

// reportReady warns of annotations of the Pods of a Service that cannot be read.
func reportReady(s *snapshot.Snapshot, name types.NamespacedName, facts *report.Set) {
	for _, pod := range resolve.ReadyFaults(s.EndpointSlices(name), s.Pod) {
		facts.Warnf(report.Origin{Kind: "Service", Namespace: name.Namespace, Name: name.Name}, "", report.Invalid,
			"the annotation %s of the Pod %q is neither \"true\" nor \"false\", so it does not count", snapshot.ReadyAnnotation, pod)
	}
}
