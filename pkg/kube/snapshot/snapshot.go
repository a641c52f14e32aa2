package snapshot

import (
	"iter"
	"maps"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
)

// Snapshot is the objects of one moment. Nothing in it may be changed.
type Snapshot struct {
	ingresses     []*networkingv1.Ingress // by age
	proxyRoutes   []*v1alpha1.ProxyRoute  // by age
	proxyPolicies []*v1alpha1.ProxyPolicy // by age
	classes       []*networkingv1.IngressClass
	services      map[types.NamespacedName]*corev1.Service
	secrets       map[types.NamespacedName]*corev1.Secret
	configMaps    map[types.NamespacedName]*corev1.ConfigMap
	namespaces    map[string]*corev1.Namespace
	gateway       gatewayObjects
	// pods are what is read of Pods: their metadata.
	pods map[types.NamespacedName]*metav1.PartialObjectMetadata
	// slices are by the Service that they belong to, those of one by name.
	slices map[types.NamespacedName][]*discoveryv1.EndpointSlice
}

// Ingresses returns all Ingresses, the oldest first (ByAge).
func (s *Snapshot) Ingresses() []*networkingv1.Ingress { return s.ingresses }

// ProxyRoutes returns all ProxyRoutes, the oldest first (ByAge).
func (s *Snapshot) ProxyRoutes() []*v1alpha1.ProxyRoute { return s.proxyRoutes }

// ProxyPolicies returns all ProxyPolicies, the oldest first (ByAge).
func (s *Snapshot) ProxyPolicies() []*v1alpha1.ProxyPolicy { return s.proxyPolicies }

// IngressClasses returns all IngressClasses by name.
func (s *Snapshot) IngressClasses() []*networkingv1.IngressClass { return s.classes }

// Service returns a Service, nil where there is none.
func (s *Snapshot) Service(name types.NamespacedName) *corev1.Service { return s.services[name] }

// Services returns all Services, in no order.
func (s *Snapshot) Services() iter.Seq[*corev1.Service] { return maps.Values(s.services) }

// Secret returns a Secret, nil where there is none.
func (s *Snapshot) Secret(name types.NamespacedName) *corev1.Secret { return s.secrets[name] }

// ConfigMap returns a ConfigMap, nil where there is none.
func (s *Snapshot) ConfigMap(name types.NamespacedName) *corev1.ConfigMap { return s.configMaps[name] }

// Namespace returns a Namespace, nil where there is none.
func (s *Snapshot) Namespace(name string) *corev1.Namespace { return s.namespaces[name] }

// EndpointSlices returns the EndpointSlices of a Service by name.
func (s *Snapshot) EndpointSlices(service types.NamespacedName) []*discoveryv1.EndpointSlice {
	return s.slices[service]
}

// addSlice files a slice under its Service. One that belongs to none serves
// nothing and is left out.
func (s *Snapshot) addSlice(slice *discoveryv1.EndpointSlice) {
	service := slice.Labels[discoveryv1.LabelServiceName]
	if service == "" {
		return
	}
	if s.slices == nil {
		s.slices = make(map[types.NamespacedName][]*discoveryv1.EndpointSlice)
	}
	key := types.NamespacedName{Namespace: slice.Namespace, Name: service}
	s.slices[key] = append(s.slices[key], slice)
}
