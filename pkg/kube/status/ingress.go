package status

import (
	"context"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/sluice-dev/sluice/pkg/report"
)

const kindIngress = "Ingress"

// ingresses writes the addresses at which clients reach Sluice into the Ingresses
// that it serves. While no address is known they keep what they have: an address
// that goes and comes back would be a change of DNS for some.
func (t *term) ingresses(ctx context.Context, f *found) {
	addresses := t.addresses(f)
	if len(addresses) == 0 {
		return
	}
	for _, ingress := range f.objects.Ingresses() {
		if t.interrupted(ctx) {
			return
		}
		if served, _ := f.objects.ServesIngress(ingress, t.opts.Classes); !served {
			continue
		}
		origin := report.Origin{Kind: kindIngress, Namespace: ingress.Namespace, Name: ingress.Name}
		var is networkingv1.Ingress
		if !t.read(ctx, origin, &is) || is.UID != ingress.UID || sameAddresses(is.Status.LoadBalancer.Ingress, addresses) {
			continue
		}
		t.write(origin, func() error {
			status := networkingv1.IngressStatus{LoadBalancer: networkingv1.IngressLoadBalancerStatus{Ingress: addresses}}
			return apply(ctx, t.opts.Client, &is, kindIngress, networkingv1.SchemeGroupVersion, &status)
		})
	}
}

// addresses returns what Ingresses should publish.
func (t *term) addresses(f *found) []networkingv1.IngressLoadBalancerIngress {
	if len(t.fixed) > 0 {
		return t.fixed
	}
	if service := f.objects.Service(t.opts.PublishService); service != nil {
		return serviceAddresses(service)
	}
	return nil
}
