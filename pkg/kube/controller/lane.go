package controller

import (
	"context"
	"fmt"
	"sync"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// Indexes of EndpointSlices: by the name of their Service, and by those of their Pods.
const (
	serviceIndex = "service"
	podIndex     = "pod"
)

// lane carries changes of EndpointSlices and of their Pods to Options.Endpoints without a build.
//
// A build publishes the endpoints of its snapshot, which may be older than what
// the lane has sent since the snapshot was made. So the lane remembers which
// Services it sent while a build ran, and sends them again after it.
type lane struct {
	slices    client.Reader
	endpoints func(types.NamespacedName, []*discoveryv1.EndpointSlice, snapshot.Pods) bool
	// mark asks for a build.
	mark func()

	mu       sync.Mutex // held during calls of endpoints, so that none overtakes another
	open     bool       // false before the first build, which brings all endpoints itself
	building bool
	again    map[types.NamespacedName]struct{}
}

// changed is called for each change of an EndpointSlice.
func (l *lane) changed(ctx context.Context, slice *discoveryv1.EndpointSlice) error {
	name := slice.Labels[discoveryv1.LabelServiceName]
	if name == "" {
		return nil // Of no Service: nothing can refer to it.
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sendLater(ctx, types.NamespacedName{Namespace: slice.Namespace, Name: name})
}

// podChanged is called for each change of a Pod that may matter to its endpoints.
func (l *lane) podChanged(ctx context.Context, pod types.NamespacedName) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.open {
		return nil
	}
	var list discoveryv1.EndpointSliceList
	if err := l.slices.List(ctx, &list, client.InNamespace(pod.Namespace), client.MatchingFields{podIndex: pod.Name}); err != nil {
		return fmt.Errorf("list EndpointSlices of the Pod %s: %w", pod, err)
	}
	sent := make(map[string]bool)
	for i := range list.Items {
		name := list.Items[i].Labels[discoveryv1.LabelServiceName]
		if name == "" || sent[name] {
			continue
		}
		sent[name] = true
		if err := l.sendLater(ctx, types.NamespacedName{Namespace: pod.Namespace, Name: name}); err != nil {
			return err
		}
	}
	return nil
}

// sendLater sends what a Service has now, and after the build that runs once more. The caller holds mu.
func (l *lane) sendLater(ctx context.Context, service types.NamespacedName) error {
	if !l.open {
		return nil
	}
	if l.building {
		l.again[service] = struct{}{}
	}
	return l.send(ctx, service)
}

// begin is called before the snapshot of a build is made.
func (l *lane) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open, l.building = true, true
	l.again = make(map[types.NamespacedName]struct{})
}

// end is called after a build.
func (l *lane) end(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.building = false
	for service := range l.again {
		if err := l.send(ctx, service); err != nil {
			return err
		}
	}
	l.again = nil
	return nil
}

// send calls endpoints with the slices as they are now. The caller holds mu.
func (l *lane) send(ctx context.Context, service types.NamespacedName) error {
	var list discoveryv1.EndpointSliceList
	err := l.slices.List(ctx, &list, client.InNamespace(service.Namespace), client.MatchingFields{serviceIndex: service.Name})
	if err != nil {
		return fmt.Errorf("list EndpointSlices of %s: %w", service, err)
	}
	slices := make([]*discoveryv1.EndpointSlice, len(list.Items))
	for i := range list.Items {
		slices[i] = &list.Items[i]
	}
	if l.endpoints(service, slices, func(name types.NamespacedName) *metav1.PartialObjectMetadata { return l.pod(ctx, name) }) {
		l.mark()
	}
	return nil
}

// pod returns what is known of a Pod, nil where Pods are not watched.
func (l *lane) pod(ctx context.Context, name types.NamespacedName) *metav1.PartialObjectMetadata {
	pod := newPod()
	if err := l.slices.Get(ctx, name, pod); err != nil {
		return nil
	}
	return pod
}

// podsOf is the index function of podIndex.
func podsOf(object client.Object) []string {
	slice, ok := object.(*discoveryv1.EndpointSlice)
	if !ok {
		return nil
	}
	var names []string
	for i := range slice.Endpoints {
		if ref := slice.Endpoints[i].TargetRef; ref != nil && (ref.Kind == "Pod" || ref.Kind == "") && ref.Name != "" {
			names = append(names, ref.Name)
		}
	}
	return names
}

// serviceOf is the index function of serviceIndex.
func serviceOf(object client.Object) []string {
	if name := object.GetLabels()[discoveryv1.LabelServiceName]; name != "" {
		return []string{name}
	}
	return nil
}
