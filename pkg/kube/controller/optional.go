package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
)

// optional is a kind that an API server has only where its CRD is installed, or that this process
// may do without.
type optional struct {
	version schema.GroupVersion
	kind    string
	object  func() client.Object
	list    func() client.ObjectList
}

// optionals returns those kinds.
func optionals() []optional {
	return []optional{
		kindOf[v1alpha1.ProxyRoute, v1alpha1.ProxyRouteList](v1alpha1.GroupVersion, "ProxyRoute"),
		kindOf[v1alpha1.ProxyPolicy, v1alpha1.ProxyPolicyList](v1alpha1.GroupVersion, "ProxyPolicy"),
		kindOf[gatewayv1.GatewayClass, gatewayv1.GatewayClassList](gatewayVersion, "GatewayClass"),
		kindOf[gatewayv1.Gateway, gatewayv1.GatewayList](gatewayVersion, "Gateway"),
		kindOf[gatewayv1.ListenerSet, gatewayv1.ListenerSetList](gatewayVersion, "ListenerSet"),
		kindOf[gatewayv1.HTTPRoute, gatewayv1.HTTPRouteList](gatewayVersion, "HTTPRoute"),
		kindOf[gatewayv1.GRPCRoute, gatewayv1.GRPCRouteList](gatewayVersion, "GRPCRoute"),
		kindOf[gatewayv1.TLSRoute, gatewayv1.TLSRouteList](gatewayVersion, "TLSRoute"),
		kindOf[gatewayv1.TCPRoute, gatewayv1.TCPRouteList](gatewayVersion, "TCPRoute"),
		kindOf[gatewayv1.UDPRoute, gatewayv1.UDPRouteList](gatewayVersion, "UDPRoute"),
		kindOf[gatewayv1.ReferenceGrant, gatewayv1.ReferenceGrantList](gatewayVersion, "ReferenceGrant"),
		kindOf[gatewayv1.BackendTLSPolicy, gatewayv1.BackendTLSPolicyList](gatewayVersion, "BackendTLSPolicy"),
		kindOf[gatewayxv1.XBackendTrafficPolicy, gatewayxv1.XBackendTrafficPolicyList](gatewayXVersion, "XBackendTrafficPolicy"),
		// Every API server has the last two, but not every installation may read them.
		kindOf[corev1.ConfigMap, corev1.ConfigMapList](corev1.SchemeGroupVersion, "ConfigMap"),
		{
			version: corev1.SchemeGroupVersion,
			kind:    "Pod",
			object:  func() client.Object { return newPod() },
			list:    func() client.ObjectList { return newPodList() },
		},
	}
}

// companions returns the kinds that only Gateways refer to: every API server has
// them, and they are watched from when the first kind of the Gateway API is.
func companions() []optional {
	return []optional{
		kindOf[corev1.Namespace, corev1.NamespaceList](corev1.SchemeGroupVersion, "Namespace"),
	}
}

// objectOf and listOf are pointers to a kind's types.
type (
	objectOf[T any] interface {
		*T
		client.Object
	}
	listOf[T any] interface {
		*T
		client.ObjectList
	}
)

func kindOf[O, L any, PO objectOf[O], PL listOf[L]](version schema.GroupVersion, kind string) optional {
	return optional{
		version: version,
		kind:    kind,
		object:  func() client.Object { return PO(new(O)) },
		list:    func() client.ObjectList { return PL(new(L)) },
	}
}

// watchOptional watches the kinds whose CRDs are installed and returns the
// others. It asks until the API server answers.
func (c *Controller) watchOptional(ctx context.Context) (missing []optional, err error) {
	for told := false; ; told = true {
		served, missing, err := c.served(ctx, optionals())
		if err == nil {
			served, err = c.accompany(ctx, served)
		}
		if err == nil {
			return missing, c.watchKinds(ctx, served)
		}
		if !told {
			c.log.Warn("the API server does not say which kinds it serves, asking until it does", "error", err)
		}
		if !pause(ctx, outageRetry) {
			return nil, nil
		}
	}
}

// awaitOptional waits for the CRDs of the missing kinds and then watches them.
func (c *Controller) awaitOptional(ctx context.Context, missing []optional) {
	for len(missing) > 0 && pause(ctx, c.opts.CRDInterval) {
		found, still, err := c.served(ctx, missing)
		if err == nil {
			found, err = c.accompany(ctx, found)
		}
		if err != nil || len(found) == 0 {
			continue // An API server that is away is told by the watches.
		}
		if err := c.watchKinds(ctx, found); err != nil {
			c.log.Error("CRDs are there, but cannot be watched", "kinds", names(found), "error", err)
			continue
		}
		missing = still
		if !c.cache.WaitForCacheSync(ctx) {
			return
		}
		c.log.Info("CRDs are there: serving their kinds", "kinds", names(found))
		c.work.mark()
	}
}

// accompany adds the companions to the first kinds of the Gateway API.
func (c *Controller) accompany(ctx context.Context, kinds []optional) ([]optional, error) {
	first := slices.ContainsFunc(kinds, func(k optional) bool { return k.version == gatewayVersion })
	if c.accompanied || !first {
		return kinds, nil
	}
	allowed, _, err := c.served(ctx, companions())
	if err != nil {
		return nil, err
	}
	c.accompanied = true
	return append(kinds[:len(kinds):len(kinds)], allowed...), nil
}

// watchKinds starts the watches of kinds that are served. Snapshots have them from then on.
func (c *Controller) watchKinds(ctx context.Context, kinds []optional) error {
	for _, k := range kinds {
		if err := c.watch(ctx, k.object()); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watched = append(c.watched, kinds...)
	return nil
}

// served tells the kinds that the API server serves, and lets this process list, from
// the others. To wait for what may not be listed would be to wait for ever.
func (c *Controller) served(ctx context.Context, kinds []optional) (served, missing []optional, err error) {
	resources := make(map[schema.GroupVersion]map[string]bool)
	for _, k := range kinds {
		of, known := resources[k.version]
		if !known {
			if of, err = c.kindsOf(k.version); err != nil {
				return nil, nil, err
			}
			resources[k.version] = of
		}
		allowed := of[k.kind]
		if allowed {
			if allowed, err = c.allowed(ctx, k); err != nil {
				return nil, nil, err
			}
		}
		if allowed {
			served = append(served, k)
		} else {
			missing = append(missing, k)
		}
	}
	return served, missing, nil
}

// allowed asks whether this process may list a kind.
func (c *Controller) allowed(ctx context.Context, k optional) (bool, error) {
	err := c.direct.List(ctx, k.list(), client.Limit(1), client.InNamespace(c.opts.Namespace))
	switch {
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("list %s: %w", k.kind, err)
	}
	return true, nil
}

// kindsOf asks for the kinds of a version of a group.
func (c *Controller) kindsOf(version schema.GroupVersion) (map[string]bool, error) {
	list, err := c.discovery.ServerResourcesForGroupVersion(version.String())
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("resources of %s: %w", version, err)
	}
	kinds := make(map[string]bool, len(list.APIResources))
	for _, resource := range list.APIResources {
		kinds[resource.Kind] = true
	}
	return kinds, nil
}

// names lists kinds for the log.
func names(kinds []optional) string {
	words := make([]string, 0, len(kinds))
	for _, k := range kinds {
		words = append(words, k.kind)
	}
	return strings.Join(words, ", ")
}
