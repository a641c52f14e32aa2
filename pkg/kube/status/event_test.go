package status

import (
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/sluice-dev/sluice/pkg/report"
)

func TestAnEventIsTheSameForTheSameThingOnly(t *testing.T) {
	object := func(change func(*networkingv1.Ingress)) *networkingv1.Ingress {
		in := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "a", UID: "1", Generation: 1, ResourceVersion: "5"}}
		change(in)
		return in
	}
	fact := report.Fact{Field: "spec.rules[0]", Severity: report.Error, Reason: report.Invalid, Message: "wrong"}
	other := fact
	other.Field = "spec.rules[1]"
	name := func(in *networkingv1.Ingress, f report.Fact, instance string) string {
		return event(in, "networking.k8s.io/v1", f, instance, metav1.Now()).Name
	}
	first := name(object(func(*networkingv1.Ingress) {}), fact, "sluice-a")
	cases := map[string]struct {
		name string
		same bool
	}{
		"from another replica":           {name(object(func(*networkingv1.Ingress) {}), fact, "sluice-b"), true},
		"after a change of status alone": {name(object(func(in *networkingv1.Ingress) { in.ResourceVersion = "6" }), fact, "sluice-a"), true},
		"for a new generation":           {name(object(func(in *networkingv1.Ingress) { in.Generation = 2 }), fact, "sluice-a"), false},
		"for an object made anew":        {name(object(func(in *networkingv1.Ingress) { in.UID = "2" }), fact, "sluice-a"), false},
		"for another field":              {name(object(func(*networkingv1.Ingress) {}), other, "sluice-a"), false},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			if (c.name == first) != c.same {
				t.Errorf("names %q and %q, want the same: %t", first, c.name, c.same)
			}
		})
	}
}

func TestAnEventFitsTheLimitsOfTheServer(t *testing.T) {
	in := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: strings.Repeat("a.", 126) + "a"}}
	e := event(in, "networking.k8s.io/v1", report.Fact{Message: strings.Repeat("é", 2000)}, "", metav1.Now())
	if faults := validation.IsDNS1123Subdomain(e.Name); len(faults) > 0 {
		t.Errorf("name %q: %v", e.Name, faults)
	}
	if len(e.Message) > eventBytes || !strings.HasSuffix(e.Message, "é…") {
		t.Errorf("message of %d bytes that ends with %q", len(e.Message), e.Message[len(e.Message)-8:])
	}
}
