package snapshot

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
)

// Builder collects objects. The zero value is ready for use.
type Builder struct {
	s Snapshot
}

// Add puts objects into the set, in any order, and reports whether all of them
// are of kinds that a Snapshot holds; others are left out. A list stands for its
// items. Each object may be added once only.
func (b *Builder) Add(objects ...runtime.Object) bool {
	all := true
	for _, object := range objects {
		all = b.add(object) && all
	}
	return all
}

func (b *Builder) add(object runtime.Object) bool {
	switch o := object.(type) {
	case *networkingv1.Ingress:
		b.s.ingresses = append(b.s.ingresses, o)
	case *v1alpha1.ProxyRoute:
		b.s.proxyRoutes = append(b.s.proxyRoutes, o)
	case *v1alpha1.ProxyPolicy:
		b.s.proxyPolicies = append(b.s.proxyPolicies, o)
	case *networkingv1.IngressClass:
		b.s.classes = append(b.s.classes, o)
	case *corev1.Service:
		put(&b.s.services, o, o)
	case *corev1.Secret:
		put(&b.s.secrets, o, o)
	case *corev1.ConfigMap:
		put(&b.s.configMaps, o, o)
	case *corev1.Namespace:
		b.addNamespace(o)
	case *discoveryv1.EndpointSlice:
		b.s.addSlice(o)
	case *corev1.Pod:
		put(&b.s.pods, o, &metav1.PartialObjectMetadata{TypeMeta: o.TypeMeta, ObjectMeta: o.ObjectMeta})
	case *metav1.PartialObjectMetadata:
		if o.Kind != "Pod" {
			return false
		}
		put(&b.s.pods, o, o)
	default:
		return b.s.gateway.add(object) || b.s.gateway.addList(object) || b.addList(object)
	}
	return true
}

// addList adds the items of a list where they are, without copying them.
func (b *Builder) addList(object runtime.Object) bool {
	switch list := object.(type) {
	case *networkingv1.IngressList:
		b.s.ingresses = appendAddresses(b.s.ingresses, list.Items)
	case *v1alpha1.ProxyRouteList:
		b.s.proxyRoutes = appendAddresses(b.s.proxyRoutes, list.Items)
	case *v1alpha1.ProxyPolicyList:
		b.s.proxyPolicies = appendAddresses(b.s.proxyPolicies, list.Items)
	case *networkingv1.IngressClassList:
		b.s.classes = appendAddresses(b.s.classes, list.Items)
	case *corev1.ServiceList:
		for i := range list.Items {
			put(&b.s.services, &list.Items[i], &list.Items[i])
		}
	case *corev1.SecretList:
		for i := range list.Items {
			put(&b.s.secrets, &list.Items[i], &list.Items[i])
		}
	case *corev1.ConfigMapList:
		for i := range list.Items {
			put(&b.s.configMaps, &list.Items[i], &list.Items[i])
		}
	case *corev1.NamespaceList:
		for i := range list.Items {
			b.addNamespace(&list.Items[i])
		}
	case *metav1.PartialObjectMetadataList:
		if list.Kind != "PodList" {
			return false
		}
		for i := range list.Items {
			put(&b.s.pods, &list.Items[i], &list.Items[i])
		}
	case *discoveryv1.EndpointSliceList:
		for i := range list.Items {
			b.s.addSlice(&list.Items[i])
		}
	default:
		return false
	}
	return true
}

func (b *Builder) addNamespace(o *corev1.Namespace) {
	if b.s.namespaces == nil {
		b.s.namespaces = make(map[string]*corev1.Namespace)
	}
	b.s.namespaces[o.Name] = o
}

// Snapshot sorts what was added and returns it. The Builder is empty afterwards.
func (b *Builder) Snapshot() *Snapshot {
	s := b.s
	b.s = Snapshot{}
	slices.SortFunc(s.ingresses, func(a, b *networkingv1.Ingress) int { return ByAge(a, b) })
	slices.SortFunc(s.proxyRoutes, func(a, b *v1alpha1.ProxyRoute) int { return ByAge(a, b) })
	sortByAge(s.proxyPolicies)
	slices.SortFunc(s.classes, func(a, b *networkingv1.IngressClass) int { return cmp.Compare(a.Name, b.Name) })
	s.gateway.sort()
	for _, list := range s.slices {
		if len(list) > 1 {
			slices.SortFunc(list, func(a, b *discoveryv1.EndpointSlice) int { return cmp.Compare(a.Name, b.Name) })
		}
	}
	return &s
}

// ByAge orders objects by creation time, the oldest first, then by namespace and
// name. It is the order in which objects win conflicts.
func ByAge(a, b metav1.Object) int {
	ta, tb := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	return cmp.Or(
		ta.Time.Compare(tb.Time),
		cmp.Compare(a.GetNamespace(), b.GetNamespace()),
		cmp.Compare(a.GetName(), b.GetName()),
	)
}

func put[T any](m *map[types.NamespacedName]T, name metav1.Object, object T) {
	if *m == nil {
		*m = make(map[types.NamespacedName]T)
	}
	(*m)[NameOf(name)] = object
}

func appendAddresses[T any](to []*T, items []T) []*T {
	to = slices.Grow(to, len(items))
	for i := range items {
		to = append(to, &items[i])
	}
	return to
}

// NameOf returns the namespace and name of an object.
func NameOf(o metav1.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}
}
