package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// snapshot collects what the caches hold at this moment.
func (c *Controller) snapshot(ctx context.Context) (*snapshot.Snapshot, error) {
	lists := []client.ObjectList{
		&networkingv1.IngressList{},
		&networkingv1.IngressClassList{},
		&corev1.ServiceList{},
		&corev1.SecretList{},
		&discoveryv1.EndpointSliceList{},
	}
	c.mu.Lock()
	for _, k := range c.watched {
		lists = append(lists, k.list())
	}
	c.mu.Unlock()
	var b snapshot.Builder
	for _, list := range lists {
		if err := c.cache.List(ctx, list); err != nil {
			return nil, fmt.Errorf("list %T: %w", list, err)
		}
		if !b.Add(list) {
			return nil, fmt.Errorf("a snapshot holds no %T", list)
		}
	}
	return b.Snapshot(), nil
}
