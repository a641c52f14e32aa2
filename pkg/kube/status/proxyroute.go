package status

import (
	"context"
	"slices"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/report"
)

const kindProxyRoute = "ProxyRoute"

// proxyRoutes writes the conditions of the ProxyRoutes that Sluice serves. They
// are about the generation that the build saw, which may be older than the
// object; then the next build brings the newer one.
func (t *term) proxyRoutes(ctx context.Context, f *found) {
	var backends map[report.Origin][]Backend
	if t.opts.Backends != nil {
		backends = t.opts.Backends()
	}
	for _, route := range f.objects.ProxyRoutes() {
		if t.interrupted(ctx) {
			return
		}
		if served, _ := f.objects.ServesProxyRoute(route.Spec.IngressClassName, t.opts.Classes); !served {
			continue
		}
		origin := report.Origin{Kind: kindProxyRoute, Namespace: route.Namespace, Name: route.Name}
		var is v1alpha1.ProxyRoute
		if !t.read(ctx, origin, &is) || is.UID != route.UID {
			continue
		}
		facts := f.facts[origin]
		should := v1alpha1.ProxyRouteStatus{
			Conditions: append(conditions(route.Generation, facts), suspended(route.Generation, facts)),
		}
		if t.opts.Backends != nil {
			should.Conditions = append(should.Conditions, healthy(route.Generation, backends[origin]))
			should.Backends = backendStatus(backends[origin])
		}
		if settle(should.Conditions, is.Status.Conditions, now()) && slices.Equal(should.Backends, is.Status.Backends) {
			continue
		}
		t.write(origin, func() error {
			return apply(ctx, t.opts.Client, &is, kindProxyRoute, v1alpha1.GroupVersion, &should)
		})
	}
}
