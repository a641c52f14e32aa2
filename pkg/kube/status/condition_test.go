package status

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-dev/sluice/pkg/report"
)

var route = report.Origin{Kind: "ProxyRoute", Namespace: "default", Name: "a"}

func TestConditionsSayWhatTheFactsSay(t *testing.T) {
	const accepted, resolved = "the object is served", "all references are resolved"
	cases := map[string]struct {
		facts []report.Fact
		want  []metav1.Condition
	}{
		"both are true without facts": {
			want: []metav1.Condition{
				{Type: Accepted, Status: metav1.ConditionTrue, Reason: "Accepted", Message: accepted},
				{Type: ResolvedRefs, Status: metav1.ConditionTrue, Reason: "ResolvedRefs", Message: resolved},
			},
		},
		"an error in the object itself": {
			facts: []report.Fact{{Origin: route, Field: "spec.hosts[0]", Severity: report.Error, Reason: report.Invalid, Message: `"a_b" is no DNS name`}},
			want: []metav1.Condition{
				{Type: Accepted, Status: metav1.ConditionFalse, Reason: "Invalid", Message: `spec.hosts[0]: "a_b" is no DNS name`},
				{Type: ResolvedRefs, Status: metav1.ConditionTrue, Reason: "ResolvedRefs", Message: resolved},
			},
		},
		"an error in what the object refers to": {
			facts: []report.Fact{{Origin: route, Field: "spec.routes[0].backends[0]", Severity: report.Error, Reason: report.BackendNotFound, Message: "no Service default/web"}},
			want: []metav1.Condition{
				{Type: Accepted, Status: metav1.ConditionTrue, Reason: "Accepted", Message: accepted},
				{Type: ResolvedRefs, Status: metav1.ConditionFalse, Reason: "BackendNotFound", Message: "spec.routes[0].backends[0]: no Service default/web"},
			},
		},
		"a warning leaves it true and is told": {
			facts: []report.Fact{{Origin: route, Field: "spec.tls", Severity: report.Warning, Reason: report.CertificateExpired, Message: "the certificate expired"}},
			want: []metav1.Condition{
				{Type: Accepted, Status: metav1.ConditionTrue, Reason: "Accepted", Message: "spec.tls: the certificate expired"},
				{Type: ResolvedRefs, Status: metav1.ConditionTrue, Reason: "ResolvedRefs", Message: resolved},
			},
		},
		"errors come before warnings": {
			facts: []report.Fact{
				{Origin: route, Severity: report.Warning, Reason: report.UnknownField, Message: "one"},
				{Origin: route, Severity: report.Error, Reason: report.Conflict, Message: "two"},
			},
			want: []metav1.Condition{
				{Type: Accepted, Status: metav1.ConditionFalse, Reason: "Conflicted", Message: "two; one"},
				{Type: ResolvedRefs, Status: metav1.ConditionTrue, Reason: "ResolvedRefs", Message: resolved},
			},
		},
		"information is not for conditions": {
			facts: []report.Fact{{Origin: route, Severity: report.Info, Reason: report.NoEndpoints, Message: "no endpoint"}},
			want: []metav1.Condition{
				{Type: Accepted, Status: metav1.ConditionTrue, Reason: "Accepted", Message: accepted},
				{Type: ResolvedRefs, Status: metav1.ConditionTrue, Reason: "ResolvedRefs", Message: resolved},
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for i := range c.want {
				c.want[i].ObservedGeneration = 7
			}
			if diff := cmp.Diff(c.want, conditions(7, c.facts)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestManyFactsAreCutWithTheirNumber(t *testing.T) {
	facts := make([]report.Fact, 10_000)
	for i := range facts {
		facts[i] = report.Fact{Severity: report.Error, Reason: report.Conflict, Message: "taken"}
	}
	message := conditions(1, facts)[0].Message
	if want := strings.Repeat("taken; ", messageFacts) + "and 9992 more"; message != want {
		t.Errorf("message %q, want %q", message, want)
	}
}

func TestSettleKeepsTheTimeOfAStatusThatStays(t *testing.T) {
	before, now := metav1.NewTime(time.Unix(100, 0)), metav1.NewTime(time.Unix(200, 0))
	is := []metav1.Condition{
		{Type: "Other", Status: metav1.ConditionTrue},
		{Type: Accepted, Status: metav1.ConditionTrue, Reason: "Accepted", Message: "m", ObservedGeneration: 1, LastTransitionTime: before},
	}
	cases := map[string]struct {
		should metav1.Condition
		same   bool
		at     metav1.Time
	}{
		"nothing changed":    {metav1.Condition{Type: Accepted, Status: metav1.ConditionTrue, Reason: "Accepted", Message: "m", ObservedGeneration: 1}, true, before},
		"a new generation":   {metav1.Condition{Type: Accepted, Status: metav1.ConditionTrue, Reason: "Accepted", Message: "m", ObservedGeneration: 2}, false, before},
		"another message":    {metav1.Condition{Type: Accepted, Status: metav1.ConditionTrue, Reason: "Accepted", Message: "n", ObservedGeneration: 1}, false, before},
		"another status":     {metav1.Condition{Type: Accepted, Status: metav1.ConditionFalse, Reason: "Invalid", Message: "m", ObservedGeneration: 1}, false, now},
		"a type that is new": {metav1.Condition{Type: ResolvedRefs, Status: metav1.ConditionTrue}, false, now},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			should := []metav1.Condition{c.should}
			if same := settle(should, is, now); same != c.same {
				t.Errorf("same = %t, want %t", same, c.same)
			}
			if !should[0].LastTransitionTime.Equal(&c.at) {
				t.Errorf("time %v, want %v", should[0].LastTransitionTime, c.at)
			}
		})
	}
}
