package controller

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
)

// builtin returns one empty object of each kind that every API server has and
// that a snapshot is made of.
func builtin() []client.Object {
	return []client.Object{
		&networkingv1.Ingress{},
		&networkingv1.IngressClass{},
		&corev1.Service{},
		&corev1.Secret{},
		&discoveryv1.EndpointSlice{},
	}
}

// newPod returns an empty object that stands for a Pod. Only the metadata of Pods is asked for.
func newPod() *metav1.PartialObjectMetadata {
	pod := &metav1.PartialObjectMetadata{}
	pod.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Pod"))
	return pod
}

// newPodList is newPod for lists.
func newPodList() *metav1.PartialObjectMetadataList {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PodList"))
	return list
}

// gatewayVersion is the version of the Gateway API that is read.
var gatewayVersion = schema.GroupVersion(gatewayv1.GroupVersion)

// gatewayXVersion is that of kinds that it tries out.
var gatewayXVersion = schema.GroupVersion(gatewayxv1.GroupVersion)

// newScheme returns the kinds that the controller reads and writes.
func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(discoveryv1.AddToScheme(scheme))
	utilruntime.Must(networkingv1.AddToScheme(scheme))
	utilruntime.Must(gatewayv1.Install(scheme))
	utilruntime.Must(gatewayxv1.Install(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// newMapper returns the resources of the kinds. The usual mapper asks the API
// server for them; a fixed one works while the API server is away.
func newMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{
		corev1.SchemeGroupVersion, discoveryv1.SchemeGroupVersion, networkingv1.SchemeGroupVersion,
		gatewayVersion, gatewayXVersion, v1alpha1.GroupVersion,
	})
	add := func(gv schema.GroupVersion, kind, singular, plural string, scope meta.RESTScope) {
		// A cache of several namespaces asks for the kind of the list, too. The kind of
		// the object comes last, for the resource to map back to it.
		for _, k := range []string{kind + "List", kind} {
			mapper.AddSpecific(gv.WithKind(k), gv.WithResource(plural), gv.WithResource(singular), scope)
		}
	}
	add(corev1.SchemeGroupVersion, "Service", "service", "services", meta.RESTScopeNamespace)
	add(corev1.SchemeGroupVersion, "Secret", "secret", "secrets", meta.RESTScopeNamespace)
	add(corev1.SchemeGroupVersion, "Pod", "pod", "pods", meta.RESTScopeNamespace)
	add(corev1.SchemeGroupVersion, "Event", "event", "events", meta.RESTScopeNamespace)
	add(discoveryv1.SchemeGroupVersion, "EndpointSlice", "endpointslice", "endpointslices", meta.RESTScopeNamespace)
	add(networkingv1.SchemeGroupVersion, "Ingress", "ingress", "ingresses", meta.RESTScopeNamespace)
	add(networkingv1.SchemeGroupVersion, "IngressClass", "ingressclass", "ingressclasses", meta.RESTScopeRoot)
	add(corev1.SchemeGroupVersion, "Namespace", "namespace", "namespaces", meta.RESTScopeRoot)
	add(corev1.SchemeGroupVersion, "ConfigMap", "configmap", "configmaps", meta.RESTScopeNamespace)
	add(gatewayVersion, "GatewayClass", "gatewayclass", "gatewayclasses", meta.RESTScopeRoot)
	add(gatewayVersion, "Gateway", "gateway", "gateways", meta.RESTScopeNamespace)
	add(gatewayVersion, "ListenerSet", "listenerset", "listenersets", meta.RESTScopeNamespace)
	add(gatewayVersion, "HTTPRoute", "httproute", "httproutes", meta.RESTScopeNamespace)
	add(gatewayVersion, "GRPCRoute", "grpcroute", "grpcroutes", meta.RESTScopeNamespace)
	add(gatewayVersion, "TLSRoute", "tlsroute", "tlsroutes", meta.RESTScopeNamespace)
	add(gatewayVersion, "TCPRoute", "tcproute", "tcproutes", meta.RESTScopeNamespace)
	add(gatewayVersion, "UDPRoute", "udproute", "udproutes", meta.RESTScopeNamespace)
	add(gatewayVersion, "ReferenceGrant", "referencegrant", "referencegrants", meta.RESTScopeNamespace)
	add(gatewayVersion, "BackendTLSPolicy", "backendtlspolicy", "backendtlspolicies", meta.RESTScopeNamespace)
	add(gatewayXVersion, "XBackendTrafficPolicy", "xbackendtrafficpolicy", "xbackendtrafficpolicies", meta.RESTScopeNamespace)
	add(v1alpha1.GroupVersion, "ProxyRoute", "proxyroute", "proxyroutes", meta.RESTScopeNamespace)
	add(v1alpha1.GroupVersion, "ProxyPolicy", "proxypolicy", "proxypolicies", meta.RESTScopeNamespace)
	return mapper
}
