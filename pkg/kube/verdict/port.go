package verdict

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// CloseTarget notes that a port of the Pods could not be opened: the listeners behind
// it, of Gateways and ListenerSets, are not accepted and not programmed. It is for whoever
// tries to open it, before the Set is handed on.
func (s *Set) CloseTarget(target int32, protocol corev1.Protocol, message string) {
	if s == nil {
		return
	}
	for i := range s.Gateways {
		g := &s.Gateways[i]
		number, found := g.number(target, protocol)
		if !found {
			continue
		}
		closed := 0
		for j := range g.Listeners {
			if spec := &g.Object.Spec.Listeners[j]; spec.Port == number && protocolOf(spec.Protocol) == protocol {
				refuse(g.Listeners[j].Conditions, message)
				closed++
			}
		}
		if serving(g.Listeners) == 0 && closed > 0 {
			deny(g.Conditions, string(gatewayv1.GatewayConditionProgrammed), string(gatewayv1.GatewayReasonInvalid), message)
		}
		s.closeSets(g.Object, number, protocol, message)
	}
}

func (s *Set) closeSets(gateway *gatewayv1.Gateway, number int32, protocol corev1.Protocol, message string) {
	for i := range s.ListenerSets {
		set := &s.ListenerSets[i]
		if set.Gateway != gateway {
			continue
		}
		for j := range set.Listeners {
			if spec := &set.Object.Spec.Listeners[j]; spec.Port == number && protocolOf(spec.Protocol) == protocol {
				refuse(set.Listeners[j].Conditions, message)
			}
		}
	}
}

// number returns the port of a Gateway that a port of the Pods stands for.
func (g *Gateway) number(target int32, protocol corev1.Protocol) (int32, bool) {
	for _, p := range g.Ports {
		if p.Target == target && p.Protocol == protocol {
			return p.Number, true
		}
	}
	return 0, false
}

func protocolOf(p gatewayv1.ProtocolType) corev1.Protocol {
	if p == gatewayv1.UDPProtocolType {
		return corev1.ProtocolUDP
	}
	return corev1.ProtocolTCP
}

// serving counts the listeners that are programmed.
func serving(listeners []gatewayv1.ListenerStatus) (n int) {
	for i := range listeners {
		for _, c := range listeners[i].Conditions {
			if c.Type == string(gatewayv1.ListenerConditionProgrammed) && c.Status == metav1.ConditionTrue {
				n++
			}
		}
	}
	return n
}

// refuse makes the conditions of a listener those of one without a port. A fault of
// its own stays.
func refuse(conditions []metav1.Condition, message string) {
	for _, kind := range []gatewayv1.ListenerConditionType{gatewayv1.ListenerConditionAccepted, gatewayv1.ListenerConditionProgrammed} {
		deny(conditions, string(kind), string(gatewayv1.ListenerReasonPortUnavailable), message)
	}
}

func deny(conditions []metav1.Condition, kind, reason, message string) {
	for i := range conditions {
		if c := &conditions[i]; c.Type == kind && c.Status == metav1.ConditionTrue {
			c.Status, c.Reason, c.Message = metav1.ConditionFalse, reason, message
		}
	}
}
