package verdict

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func TestTheLabelOfAGatewayFits(t *testing.T) {
	long := strings.Repeat("a.", 126) + "a" // 253 characters, the longest name there is.
	for name, gateway := range map[string]string{
		"a short name":     "public",
		"a name that fits": strings.Repeat("a", 63),
		"the longest name": long,
		"another one":      long[:252] + "b",
		"a dot at the cut": strings.Repeat("a", 52) + "." + strings.Repeat("b", 100),
	} {
		t.Run(name, func(t *testing.T) {
			value := GatewayLabelValue(gateway)
			if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
				t.Errorf("%q: %v", value, problems)
			}
			if len(gateway) <= 63 && value != gateway {
				t.Errorf("got %q for a name that fits", value)
			}
		})
	}
	if GatewayLabelValue(long) == GatewayLabelValue(long[:252]+"b") {
		t.Error("two Gateways have the same label")
	}
}

func TestAPortThatCannotBeOpenedIsToldOnItsListenersAlone(t *testing.T) {
	good := func() []metav1.Condition {
		return []metav1.Condition{
			{Type: "Accepted", Status: metav1.ConditionTrue, Reason: "Accepted"},
			{Type: "Conflicted", Status: metav1.ConditionFalse, Reason: "NoConflicts"},
			{Type: "Programmed", Status: metav1.ConditionTrue, Reason: "Programmed"},
		}
	}
	listener := func(name string, port int32, protocol gatewayv1.ProtocolType) gatewayv1.Listener {
		return gatewayv1.Listener{Name: gatewayv1.SectionName(name), Port: port, Protocol: protocol}
	}
	gateway := &gatewayv1.Gateway{Spec: gatewayv1.GatewaySpec{Listeners: []gatewayv1.Listener{
		listener("tcp", 53, gatewayv1.TCPProtocolType), listener("udp", 53, gatewayv1.UDPProtocolType),
	}}}
	set := &gatewayv1.ListenerSet{Spec: gatewayv1.ListenerSetSpec{Listeners: []gatewayv1.ListenerEntry{
		gatewayv1.ListenerEntry(listener("udp", 53, gatewayv1.UDPProtocolType)),
	}}}
	s := &Set{
		Gateways: []Gateway{{
			Object:     gateway,
			Conditions: good(),
			Listeners:  []gatewayv1.ListenerStatus{{Name: "tcp", Conditions: good()}, {Name: "udp", Conditions: good()}},
			Ports:      []Port{{Number: 53, Protocol: corev1.ProtocolTCP, Target: 12000}, {Number: 53, Protocol: corev1.ProtocolUDP, Target: 12000}},
		}},
		ListenerSets: []ListenerSet{{Object: set, Gateway: gateway, Listeners: []gatewayv1.ListenerEntryStatus{{Name: "udp", Conditions: good()}}}},
	}

	s.CloseTarget(12001, corev1.ProtocolUDP, "taken")
	s.CloseTarget(12000, corev1.ProtocolUDP, "taken")
	if c := s.Gateways[0].Listeners[0].Conditions; c[0].Status != metav1.ConditionTrue || c[2].Status != metav1.ConditionTrue {
		t.Errorf("the listener of TCP is refused: %v", c)
	}
	for _, c := range [][]metav1.Condition{s.Gateways[0].Listeners[1].Conditions, s.ListenerSets[0].Listeners[0].Conditions} {
		if c[0].Status != metav1.ConditionFalse || c[2].Status != metav1.ConditionFalse || c[2].Reason != "PortUnavailable" || c[1].Status != metav1.ConditionFalse {
			t.Errorf("the listener of UDP is not refused: %v", c)
		}
	}
	if c := s.Gateways[0].Conditions[2]; c.Status != metav1.ConditionTrue {
		t.Errorf("the Gateway does not serve, though a listener does: %v", c)
	}
	s.CloseTarget(12000, corev1.ProtocolTCP, "taken")
	if c := s.Gateways[0].Conditions[2]; c.Status != metav1.ConditionFalse || c.Reason != "Invalid" {
		t.Errorf("the Gateway serves, though no listener does: %v", c)
	}
	(*Set)(nil).CloseTarget(1, corev1.ProtocolTCP, "taken")
}
