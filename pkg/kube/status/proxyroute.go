package status

import (
	"context"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/report"
)

const kindProxyRoute = "ProxyRoute"

// proxyRoutes writes the conditions of the ProxyRoutes that Sluice serves. They
// are about the generation that the build saw, which may be older than the
// object; then the next build brings the newer one.
func (t *term) proxyRoutes(ctx context.Context, f *found) {
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
		if settle(should.Conditions, is.Status.Conditions, now()) {
			continue
		}
		t.write(origin, func() error {
			return apply(ctx, t.opts.Client, &is, kindProxyRoute, v1alpha1.GroupVersion, &should)
		})
	}
}
