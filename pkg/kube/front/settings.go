package front

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

// Keys of a ConfigMap with parameters. No other key may be in it.
const (
	// keyType is LoadBalancer (the default), NodePort or ClusterIP.
	keyType = "serviceType"
	// keyAnnotations is a YAML mapping of annotations for the Service.
	keyAnnotations = "serviceAnnotations"
	// keyExternalTrafficPolicy is Cluster or Local.
	keyExternalTrafficPolicy = "externalTrafficPolicy"
	// keyLoadBalancerClass names what gives the Service its address.
	keyLoadBalancerClass = "loadBalancerClass"
	// keySourceRanges are CIDRs separated by commas.
	keySourceRanges = "loadBalancerSourceRanges"
	// keyAllocateNodePorts is true or false.
	keyAllocateNodePorts = "allocateLoadBalancerNodePorts"
)

// Settings are what parameters, infrastructure and addresses say about the
// Service of a Gateway.
type Settings struct {
	Type                  corev1.ServiceType
	Labels, Annotations   map[string]string
	ExternalTrafficPolicy corev1.ServiceExternalTrafficPolicy
	LoadBalancerClass     *string
	SourceRanges          []string
	AllocateNodePorts     *bool
	// Addresses are the IP addresses that spec.addresses asks for; none asks for any.
	Addresses []string
	// further says that they are for one of the Services behind the first.
	further bool
}

// Refusal is why a Gateway, or a GatewayClass, cannot be accepted.
type Refusal struct {
	Reason  gatewayv1.GatewayConditionReason
	Message string
}

// SettingsOf collects the settings of a Gateway: first the defaults, then the
// parameters of its class, then its own, then its infrastructure.
func SettingsOf(s *snapshot.Snapshot, gw *verdict.Gateway) (Settings, *Refusal) {
	settings, refusal := settingsOfClass(s, gw.Class)
	if refusal != nil {
		refusal.Message = "GatewayClass " + gw.Class.Name + ": " + refusal.Message
		return settings, refusal
	}
	if infrastructure := gw.Object.Spec.Infrastructure; infrastructure != nil {
		if ref := infrastructure.ParametersRef; ref != nil {
			if err := settings.fromReference(s, string(ref.Group), string(ref.Kind), gw.Object.Namespace, ref.Name); err != nil {
				return settings, invalid(fmt.Sprintf("spec.infrastructure.parametersRef: %v", err))
			}
		}
		for key, value := range infrastructure.Labels {
			settings.Labels[string(key)] = string(value)
		}
		for key, value := range infrastructure.Annotations {
			settings.Annotations[string(key)] = string(value)
		}
	}
	return settings, settings.fromAddresses(gw.Object.Spec.Addresses)
}

// ClassRefusal returns why a GatewayClass cannot be accepted, nil where it can.
func ClassRefusal(s *snapshot.Snapshot, class *gatewayv1.GatewayClass) *Refusal {
	_, refusal := settingsOfClass(s, class)
	return refusal
}

// settingsOfClass returns the defaults with the parameters of a class.
func settingsOfClass(s *snapshot.Snapshot, class *gatewayv1.GatewayClass) (Settings, *Refusal) {
	settings := Settings{Type: corev1.ServiceTypeLoadBalancer, Labels: map[string]string{}, Annotations: map[string]string{}}
	ref := class.Spec.ParametersRef
	if ref == nil {
		return settings, nil
	}
	namespace := ""
	if ref.Namespace != nil {
		namespace = string(*ref.Namespace)
	}
	if err := settings.fromReference(s, string(ref.Group), string(ref.Kind), namespace, ref.Name); err != nil {
		return settings, invalid(fmt.Sprintf("spec.parametersRef: %v", err))
	}
	return settings, nil
}

func invalid(message string) *Refusal {
	return &Refusal{Reason: gatewayv1.GatewayReasonInvalidParameters, Message: message}
}

// fromReference takes over what the ConfigMap says that a parametersRef names.
func (s *Settings) fromReference(objects *snapshot.Snapshot, group, kind, namespace, name string) error {
	if group != "" && group != "core" || kind != "ConfigMap" {
		return fmt.Errorf("parameters are in a ConfigMap, not in a %s of the group %q", kind, group)
	}
	if namespace == "" {
		return fmt.Errorf("the namespace of the ConfigMap is missing")
	}
	parameters := objects.ConfigMap(types.NamespacedName{Namespace: namespace, Name: name})
	if parameters == nil {
		return fmt.Errorf("there is no ConfigMap %s/%s", namespace, name)
	}
	keys := make([]string, 0, len(parameters.Data))
	for key := range parameters.Data {
		keys = append(keys, key)
	}
	slices.Sort(keys) // So that of several mistakes always the same one is told.
	for _, key := range keys {
		if err := s.set(key, strings.TrimSpace(parameters.Data[key])); err != nil {
			return fmt.Errorf("ConfigMap %s/%s: %s: %w", namespace, name, key, err)
		}
	}
	return nil
}

// set takes over the value of one key.
func (s *Settings) set(key, value string) error {
	switch key {
	case keyType:
		s.Type = corev1.ServiceType(value)
		return oneOf(s.Type, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort, corev1.ServiceTypeClusterIP)
	case keyAnnotations:
		var annotations map[string]string
		if err := yaml.UnmarshalStrict([]byte(value), &annotations); err != nil {
			return fmt.Errorf("it is no YAML mapping of strings: %w", err)
		}
		for k, v := range annotations {
			s.Annotations[k] = v
		}
	case keyExternalTrafficPolicy:
		s.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicy(value)
		return oneOf(s.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster, corev1.ServiceExternalTrafficPolicyLocal)
	case keyLoadBalancerClass:
		s.LoadBalancerClass = &value
	case keySourceRanges:
		return s.setSourceRanges(value)
	case keyAllocateNodePorts:
		allocate, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		s.AllocateNodePorts = &allocate
	default:
		return fmt.Errorf("there is no such parameter")
	}
	return nil
}

func (s *Settings) setSourceRanges(value string) error {
	s.SourceRanges = nil
	for part := range strings.SplitSeq(value, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("%q is no CIDR", part)
		}
		s.SourceRanges = append(s.SourceRanges, prefix.String())
	}
	return nil
}

func oneOf[T ~string](value T, allowed ...T) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%q is none of %v", value, allowed)
	}
	return nil
}

// fromAddresses takes over spec.addresses. An address without a value asks for
// any; only IP addresses can be asked for, and of a ClusterIP Service as well as of a
// load balancer.
func (s *Settings) fromAddresses(addresses []gatewayv1.GatewaySpecAddress) *Refusal {
	for i, address := range addresses {
		field := fmt.Sprintf("spec.addresses[%d]", i)
		if address.Type != nil && *address.Type != gatewayv1.IPAddressType {
			return &Refusal{gatewayv1.GatewayReasonUnsupportedAddress, fmt.Sprintf("%s.type: %q is not supported, IPAddress alone is", field, *address.Type)}
		}
		if address.Value == "" {
			continue
		}
		ip, err := netip.ParseAddr(address.Value)
		if err != nil {
			return &Refusal{gatewayv1.GatewayReasonUnsupportedAddress, fmt.Sprintf("%s.value: %q is no IP address", field, address.Value)}
		}
		s.Addresses = append(s.Addresses, ip.String())
	}
	return nil
}

// Each returns the settings of each Service that the Gateway needs, the first of which has its
// name: one for each address that is asked for, as a Service can ask for one alone.
func (s Settings) Each() []Settings {
	if len(s.Addresses) < 2 {
		return []Settings{s}
	}
	each := make([]Settings, 0, len(s.Addresses))
	for i, address := range s.Addresses {
		if slices.Contains(s.Addresses[:i], address) {
			continue
		}
		one := s
		one.Addresses, one.further = []string{address}, i > 0
		each = append(each, one)
	}
	return each
}

// name is that of the Service.
func (s Settings) name(gw *verdict.Gateway) string {
	if s.further {
		return FurtherName(gw.Object.Name, s.Addresses[0])
	}
	return Name(gw.Object.Name)
}

// NameOf is the name of the Service of a Gateway for one of Each.
func (s Settings) NameOf(gw *verdict.Gateway) types.NamespacedName {
	return types.NamespacedName{Namespace: gw.Object.Namespace, Name: s.name(gw)}
}
