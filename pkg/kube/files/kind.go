package files

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
)

// object is what all kinds are.
type object interface {
	metav1.Object
	runtime.Object
}

// kind is a kind of object that is read.
type kind struct {
	apiVersion string
	name       string
	// clusterWide kinds have no namespace.
	clusterWide bool
	make        func() object
}

var kinds = []kind{
	{"v1", "Service", false, func() object { return &corev1.Service{} }},
	{"v1", "Secret", false, func() object { return &corev1.Secret{} }},
	{"v1", "ConfigMap", false, func() object { return &corev1.ConfigMap{} }},
	{"networking.k8s.io/v1", "Ingress", false, func() object { return &networkingv1.Ingress{} }},
	{"networking.k8s.io/v1", "IngressClass", true, func() object { return &networkingv1.IngressClass{} }},
	{"discovery.k8s.io/v1", "EndpointSlice", false, func() object { return &discoveryv1.EndpointSlice{} }},
	{"v1", "Pod", false, func() object { return &corev1.Pod{} }},
	{"v1", "Namespace", true, func() object { return &corev1.Namespace{} }},
	{"gateway.networking.k8s.io/v1", "GatewayClass", true, func() object { return &gatewayv1.GatewayClass{} }},
	{"gateway.networking.k8s.io/v1", "Gateway", false, func() object { return &gatewayv1.Gateway{} }},
	{"gateway.networking.k8s.io/v1", "ListenerSet", false, func() object { return &gatewayv1.ListenerSet{} }},
	{"gateway.networking.k8s.io/v1", "HTTPRoute", false, func() object { return &gatewayv1.HTTPRoute{} }},
	{"gateway.networking.k8s.io/v1", "GRPCRoute", false, func() object { return &gatewayv1.GRPCRoute{} }},
	{"gateway.networking.k8s.io/v1", "TLSRoute", false, func() object { return &gatewayv1.TLSRoute{} }},
	{"gateway.networking.k8s.io/v1", "TCPRoute", false, func() object { return &gatewayv1.TCPRoute{} }},
	{"gateway.networking.k8s.io/v1", "UDPRoute", false, func() object { return &gatewayv1.UDPRoute{} }},
	{"gateway.networking.k8s.io/v1", "ReferenceGrant", false, func() object { return &gatewayv1.ReferenceGrant{} }},
	{"gateway.networking.k8s.io/v1", "BackendTLSPolicy", false, func() object { return &gatewayv1.BackendTLSPolicy{} }},
	{"gateway.networking.x-k8s.io/v1alpha1", "XBackendTrafficPolicy", false, func() object { return &gatewayxv1.XBackendTrafficPolicy{} }},
	// The API server serves these in an older version as well, with the same fields.
	{"gateway.networking.k8s.io/v1beta1", "GatewayClass", true, func() object { return &gatewayv1.GatewayClass{} }},
	{"gateway.networking.k8s.io/v1beta1", "Gateway", false, func() object { return &gatewayv1.Gateway{} }},
	{"gateway.networking.k8s.io/v1beta1", "HTTPRoute", false, func() object { return &gatewayv1.HTTPRoute{} }},
	{"gateway.networking.k8s.io/v1beta1", "ReferenceGrant", false, func() object { return &gatewayv1.ReferenceGrant{} }},
	{"sluice.dev/v1alpha1", "ProxyRoute", false, func() object { return &v1alpha1.ProxyRoute{} }},
	{"sluice.dev/v1alpha1", "ProxyPolicy", false, func() object { return &v1alpha1.ProxyPolicy{} }},
}

// setDefaults fills fields as the API server does, as far as anyone reads them.
func setDefaults(o object) {
	switch o := o.(type) {
	case *corev1.Service:
		for i := range o.Spec.Ports {
			p := &o.Spec.Ports[i]
			if p.Protocol == "" {
				p.Protocol = corev1.ProtocolTCP
			}
			if p.TargetPort == (intstr.IntOrString{}) {
				p.TargetPort = intstr.FromInt32(p.Port)
			}
		}
	case *corev1.Secret:
		if o.Type == "" {
			o.Type = corev1.SecretTypeOpaque
		}
		if len(o.StringData) > 0 && o.Data == nil {
			o.Data = make(map[string][]byte, len(o.StringData))
		}
		for key, value := range o.StringData {
			o.Data[key] = []byte(value)
		}
		o.StringData = nil
	case *discoveryv1.EndpointSlice:
		name, protocol := "", corev1.ProtocolTCP
		for i := range o.Ports {
			if o.Ports[i].Name == nil {
				o.Ports[i].Name = &name
			}
			if o.Ports[i].Protocol == nil {
				o.Ports[i].Protocol = &protocol
			}
		}
	}
}
