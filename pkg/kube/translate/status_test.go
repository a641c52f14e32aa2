package translate_test

import (
	"bytes"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

// statusLines returns verdicts in a form that is easy to compare. Of a condition
// that is as it should be only the type is written, of another one its status, its
// reason and, on a line of its own, its message.
func statusLines(set *verdict.Set) []byte {
	var b bytes.Buffer
	for _, c := range set.Classes {
		fmt.Fprintf(&b, "GatewayClass/%s:%s\n", c.Object.Name, conditionWords(c.Conditions))
	}
	for i := range set.Gateways {
		g := &set.Gateways[i]
		fmt.Fprintf(&b, "Gateway/%s/%s:%s\n", g.Object.Namespace, g.Object.Name, conditionWords(g.Conditions))
		if g.AttachedListenerSets > 0 {
			fmt.Fprintf(&b, "  listener sets %d\n", g.AttachedListenerSets)
		}
		for _, p := range g.Ports {
			fmt.Fprintf(&b, "  port %d/%s to %d\n", p.Number, p.Protocol, p.Target)
		}
		for _, l := range g.Listeners {
			listenerLine(&b, string(l.Name), l.SupportedKinds, l.AttachedRoutes, l.Conditions)
		}
	}
	for i := range set.ListenerSets {
		s := &set.ListenerSets[i]
		fmt.Fprintf(&b, "ListenerSet/%s/%s:%s\n", s.Object.Namespace, s.Object.Name, conditionWords(s.Conditions))
		for _, l := range s.Listeners {
			listenerLine(&b, string(l.Name), l.SupportedKinds, l.AttachedRoutes, l.Conditions)
		}
	}
	for i := range set.Routes {
		r := &set.Routes[i]
		fmt.Fprintf(&b, "%s/%s/%s:\n", r.Kind, r.Object.GetNamespace(), r.Object.GetName())
		for _, p := range r.Parents {
			fmt.Fprintf(&b, "  %s:%s\n", refWords(p.ParentRef), conditionWords(p.Conditions))
		}
	}
	for _, p := range set.Policies {
		fmt.Fprintf(&b, "%s/%s/%s:\n", p.Kind, p.Object.GetNamespace(), p.Object.GetName())
		for _, a := range p.Ancestors {
			fmt.Fprintf(&b, "  %s:%s\n", refWords(a.AncestorRef), conditionWords(a.Conditions))
		}
	}
	return b.Bytes()
}

func listenerLine(b *bytes.Buffer, name string, kinds []gatewayv1.RouteGroupKind, attached int32, conditions []metav1.Condition) {
	words := make([]string, 0, len(kinds))
	for _, k := range kinds {
		words = append(words, string(k.Kind))
	}
	fmt.Fprintf(b, "  listener %s [%s] routes %d:%s\n", name, strings.Join(words, " "), attached, conditionWords(conditions))
}

// conditionWords writes the conditions. What is wrong has its message.
func conditionWords(conditions []metav1.Condition) string {
	words, messages := "", ""
	for _, c := range conditions {
		if good := goodStatus(c.Type); c.Status == good && (c.Reason == c.Type || good == metav1.ConditionFalse) {
			words += " " + c.Type
			continue
		}
		words += fmt.Sprintf(" %s=%s(%s)", c.Type, c.Status, c.Reason)
		messages += "\n    " + c.Type + ": " + c.Message
	}
	return words + messages
}

// goodStatus is the status that a condition should have.
func goodStatus(kind string) metav1.ConditionStatus {
	switch kind {
	case "Conflicted", "OverlappingTLSConfig", "PartiallyInvalid", "InsecureFrontendValidationMode":
		return metav1.ConditionFalse
	}
	return metav1.ConditionTrue
}

func refWords(ref gatewayv1.ParentReference) string {
	words := string(*ref.Kind) + "/"
	if ref.Namespace != nil {
		words += string(*ref.Namespace) + "/"
	}
	words += string(ref.Name)
	if ref.SectionName != nil {
		words += " " + string(*ref.SectionName)
	}
	if ref.Port != nil {
		words += fmt.Sprintf(" port %d", *ref.Port)
	}
	return words
}
