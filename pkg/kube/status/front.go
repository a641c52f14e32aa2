package status

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/front"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

const (
	kindService       = "Service"
	kindEndpointSlice = "EndpointSlice"
)

// appliedAnnotation holds a hash of what was last applied. By it a Service is
// known to lack nothing, also of what it once had and should not have any more.
const appliedAnnotation = "sluice.dev/applied"

// fronts makes the Services of our Gateways and their EndpointSlices, and deletes
// those that lead to nothing. A Gateway that cannot be accepted keeps what it has.
func (t *term) fronts(ctx context.Context, f *found) {
	if t.opts.Pods == (types.NamespacedName{}) {
		return
	}
	pods := t.pods(ctx)
	kept := make(map[types.NamespacedName]bool, len(f.verdicts.Gateways))
	wanted := make([][]front.Settings, len(f.verdicts.Gateways))
	for i := range f.verdicts.Gateways {
		gw := &f.verdicts.Gateways[i]
		settings, refusal := front.SettingsOf(f.objects, gw)
		if refusal != nil {
			t.keep(f, gw, kept)
			continue
		}
		if len(gw.Ports) == 0 {
			continue
		}
		wanted[i] = settings.Each()
		for _, one := range wanted[i] {
			kept[one.NameOf(gw)] = true
		}
	}
	// First what is left over goes, since another Service may ask for its address.
	t.sweep(ctx, f, kept)
	for i := range wanted {
		for _, one := range wanted[i] {
			if t.interrupted(ctx) {
				return
			}
			t.front(ctx, &f.verdicts.Gateways[i], one, pods)
		}
	}
}

// keep notes the Services that lead to a Gateway.
func (t *term) keep(f *found, gw *verdict.Gateway, kept map[types.NamespacedName]bool) {
	for service := range f.objects.Services() {
		if service.Namespace == gw.Object.Namespace && leadsTo(service, gw) {
			kept[types.NamespacedName{Namespace: service.Namespace, Name: service.Name}] = true
		}
	}
}

// pods returns the EndpointSlices with Sluice's own Pods. They are read each time,
// as their changes lead to no build.
func (t *term) pods(ctx context.Context) []*discoveryv1.EndpointSlice {
	var list discoveryv1.EndpointSliceList
	err := t.opts.Client.List(ctx, &list, client.InNamespace(t.opts.Pods.Namespace),
		client.MatchingLabels{discoveryv1.LabelServiceName: t.opts.Pods.Name})
	if err != nil && ctx.Err() == nil {
		t.log.Error("Sluice's own Pods cannot be read from the caches", "service", t.opts.Pods.String(), "error", err)
	}
	pods := make([]*discoveryv1.EndpointSlice, len(list.Items))
	for i := range list.Items {
		pods[i] = &list.Items[i]
	}
	return pods
}

// front makes one Service and its EndpointSlices equal to what they should be.
// A Service of that name which is not Sluice's own is left alone.
func (t *term) front(ctx context.Context, gw *verdict.Gateway, settings front.Settings, pods []*discoveryv1.EndpointSlice) {
	wanted := front.Service(gw, settings)
	origin := report.Origin{Kind: kindService, Namespace: wanted.Namespace, Name: wanted.Name}
	var is corev1.Service
	found := t.read(ctx, origin, &is)
	if found && !leadsTo(&is, gw) {
		return
	}
	mark(wanted)
	if !found || drifted(&is, wanted) {
		t.write(origin, func() error { return t.apply(ctx, wanted) })
	}
	if len(pods) == 0 {
		return // Not known, rather than none: this process is one.
	}
	slicesNow := front.Slices(gw, settings, pods)
	for _, slice := range slicesNow {
		origin := report.Origin{Kind: kindEndpointSlice, Namespace: slice.Namespace, Name: slice.Name}
		var is discoveryv1.EndpointSlice
		if t.read(ctx, origin, &is) && sameSlice(&is, slice) {
			continue
		}
		t.write(origin, func() error { return t.apply(ctx, slice) })
	}
	t.deleteSlices(ctx, wanted, slicesNow)
}

// leadsTo reports whether a Service is the one that Sluice made for a Gateway.
func leadsTo(service *corev1.Service, gw *verdict.Gateway) bool {
	return service.Labels[verdict.ManagedLabel] == verdict.ManagedValue &&
		service.Labels[verdict.GatewayLabel] == verdict.GatewayLabelValue(gw.Object.Name)
}

// mark notes on a Service what it is.
func mark(service *corev1.Service) {
	text, err := json.Marshal(service)
	if err != nil {
		return // It is then applied each time, and the API server says what is wrong.
	}
	sum := sha256.Sum256(text)
	if service.Annotations == nil {
		service.Annotations = make(map[string]string, 1)
	}
	service.Annotations[appliedAnnotation] = hex.EncodeToString(sum[:8])
}

// drifted reports whether a Service lacks something of what it should be, or has
// what was taken out of it since.
func drifted(is, wanted *corev1.Service) bool {
	return !contains(is.Annotations, wanted.Annotations) || !contains(is.Labels, wanted.Labels) ||
		is.Spec.Type != wanted.Spec.Type || is.Spec.LoadBalancerIP != wanted.Spec.LoadBalancerIP ||
		!slices.EqualFunc(is.Spec.Ports, wanted.Spec.Ports, func(a, b corev1.ServicePort) bool {
			return a.Name == b.Name && a.Port == b.Port && a.Protocol == b.Protocol && a.TargetPort == b.TargetPort
		})
}

func contains(is, wanted map[string]string) bool {
	for key, value := range wanted {
		if have, found := is[key]; !found || have != value {
			return false
		}
	}
	return true
}

func sameSlice(is, wanted *discoveryv1.EndpointSlice) bool {
	return is.AddressType == wanted.AddressType && contains(is.Labels, wanted.Labels) &&
		equality.Semantic.DeepEqual(is.Endpoints, wanted.Endpoints) && equality.Semantic.DeepEqual(is.Ports, wanted.Ports)
}

// apply writes a whole object by server-side apply.
func (t *term) apply(ctx context.Context, object client.Object) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return fmt.Errorf("convert %T: %w", object, err)
	}
	delete(fields, "status")
	wanted := &unstructured.Unstructured{Object: fields}
	unstructured.RemoveNestedField(fields, "metadata", "creationTimestamp")
	if err := t.opts.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(wanted), client.FieldOwner(Manager), client.ForceOwnership); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

// sweep deletes the Services of Gateways that are none of ours any more. Those of
// deleted Gateways the API server's garbage collector would delete, too, but later.
func (t *term) sweep(ctx context.Context, f *found, kept map[types.NamespacedName]bool) {
	for service := range f.objects.Services() {
		name := types.NamespacedName{Namespace: service.Namespace, Name: service.Name}
		if service.Labels[verdict.ManagedLabel] != verdict.ManagedValue || service.Labels[verdict.GatewayLabel] == "" || kept[name] {
			continue
		}
		// An API server that does not show its Gateways, as while their CRD is being
		// replaced, says nothing about which are gone.
		if err := t.opts.Client.List(ctx, &gatewayv1.GatewayList{}, client.InNamespace(service.Namespace)); err != nil {
			return
		}
		origin := report.Origin{Kind: kindService, Namespace: service.Namespace, Name: service.Name}
		var is corev1.Service
		if !t.read(ctx, origin, &is) || is.UID != service.UID {
			continue
		}
		t.delete(ctx, origin, &is)
		t.deleteSlices(ctx, &is, nil)
	}
}

// deleteSlices deletes our EndpointSlices of a Service but those that are kept.
func (t *term) deleteSlices(ctx context.Context, service *corev1.Service, kept []*discoveryv1.EndpointSlice) {
	for _, name := range front.SliceNames(service.Name) {
		origin := report.Origin{Kind: kindEndpointSlice, Namespace: service.Namespace, Name: name}
		var is discoveryv1.EndpointSlice
		if slices.ContainsFunc(kept, func(k *discoveryv1.EndpointSlice) bool { return k.Name == name }) ||
			!t.read(ctx, origin, &is) || is.Labels[discoveryv1.LabelManagedBy] != front.SliceManager {
			continue
		}
		t.delete(ctx, origin, &is)
	}
}

// delete deletes an object that was read, and no other one of its name.
func (t *term) delete(ctx context.Context, origin report.Origin, object client.Object) {
	uid := object.GetUID()
	t.write(origin, func() error {
		err := t.opts.Client.Delete(ctx, object, client.Preconditions{UID: &uid})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete: %w", err)
		}
		return nil
	})
}
