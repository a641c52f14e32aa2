package resolve

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// Labelled returns the key of the upstream that is like that of a Service's port apart from its
// endpoints: they are those whose Pods have a label of that value.
func (r *Resolver) Labelled(key, label, value string) string {
	return r.vary(key, func(u *ir.Upstream) { u.Endpoints += "[" + label + "=" + value + "]" })
}

// parseLabelled takes off the key of an endpoint set which of the Pods it is for. The label is
// empty where it is for all.
func parseLabelled(key string) (port, label, value string) {
	rest, found := strings.CutSuffix(key, "]")
	if !found {
		return key, "", ""
	}
	port, selector, found := strings.Cut(rest, "[")
	if !found || strings.HasPrefix(key, staticPrefix) {
		return key, "", ""
	}
	label, value, _ = strings.Cut(selector, "=")
	return port, label, value
}

// LabelValues returns the values that the Pods of a Service's endpoints have of a label, sorted.
// Pods without the label have the value "".
func LabelValues(label string, list []*discoveryv1.EndpointSlice, pods snapshot.Pods) []string {
	var values []string
	for _, slice := range list {
		for i := range slice.Endpoints {
			value := ""
			if pod := podAt(slice.Endpoints[i].TargetRef, pods); pod != nil {
				value = pod.Labels[label]
			}
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// labelled keeps the endpoints whose Pods have a label of that value; the empty label keeps all.
func labelled(endpoints []ir.Endpoint, pods snapshot.Pods, label, value string) []ir.Endpoint {
	if label == "" {
		return endpoints
	}
	return slices.DeleteFunc(endpoints, func(e ir.Endpoint) bool {
		pod := podOf(e.Target, pods)
		return pod == nil || pod.Labels[label] != value
	})
}

// asPodsSay makes the endpoints unready whose Pods say that they are not to get new requests.
func asPodsSay(endpoints []ir.Endpoint, pods snapshot.Pods) {
	for i := range endpoints {
		e := &endpoints[i]
		if pod := podOf(e.Target, pods); pod != nil && pod.Annotations[snapshot.ReadyAnnotation] == "false" {
			e.State, e.Out = ir.EndpointUnready, "its Pod has the annotation "+snapshot.ReadyAnnotation+`: "false"`
		}
	}
}

// podOf returns the Pod that an endpoint's target names, nil where it names none that is known.
func podOf(target string, pods snapshot.Pods) *metav1.PartialObjectMetadata {
	namespace, name, ok := strings.Cut(target, "/")
	if !ok || pods == nil {
		return nil
	}
	return pods(types.NamespacedName{Namespace: namespace, Name: name})
}

// podAt is podOf for what an EndpointSlice refers to.
func podAt(ref *corev1.ObjectReference, pods snapshot.Pods) *metav1.PartialObjectMetadata {
	if !isPod(ref) || pods == nil {
		return nil
	}
	return pods(types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name})
}

// ReadyFaults returns the Pods of a Service's endpoints whose ReadyAnnotation is neither "true"
// nor "false", sorted.
func ReadyFaults(list []*discoveryv1.EndpointSlice, pods snapshot.Pods) []string {
	var names []string
	for _, slice := range list {
		for i := range slice.Endpoints {
			pod := podAt(slice.Endpoints[i].TargetRef, pods)
			if pod == nil {
				continue
			}
			if value, found := pod.Annotations[snapshot.ReadyAnnotation]; found && value != "true" && value != "false" {
				names = append(names, pod.Namespace+"/"+pod.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
