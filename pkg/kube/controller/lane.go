package controller

import (
	"context"
	"fmt"
	"sync"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// serviceIndex is the index of EndpointSlices by the name of their Service.
const serviceIndex = "service"

// lane carries changes of EndpointSlices to Options.Endpoints without a build.
//
// A build publishes the endpoints of its snapshot, which may be older than what
// the lane has sent since the snapshot was made. So the lane remembers which
// Services it sent while a build ran, and sends them again after it.
type lane struct {
	slices    client.Reader
	endpoints func(types.NamespacedName, []*discoveryv1.EndpointSlice)

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
	service := types.NamespacedName{Namespace: slice.Namespace, Name: name}
	l.mu.Lock()
	defer l.mu.Unlock()
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
	l.endpoints(service, slices)
	return nil
}

// serviceOf is the index function of serviceIndex.
func serviceOf(object client.Object) []string {
	if name := object.GetLabels()[discoveryv1.LabelServiceName]; name != "" {
		return []string{name}
	}
	return nil
}
