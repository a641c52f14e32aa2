package status

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-dev/sluice/pkg/report"
)

// The condition types of a ProxyRoute; the Gateway API gives them this meaning.
const (
	// Accepted is true where each part of the object is served as it is written.
	Accepted = "Accepted"
	// ResolvedRefs is true where each object that it names is there and usable.
	ResolvedRefs = "ResolvedRefs"
	// Suspended is true where the object or a part of it is out of service because
	// it says so.
	Suspended = "Suspended"
)

// messageFacts bounds how many facts the message of one condition repeats.
const messageFacts = 8

// references are the reasons that blame what an object refers to, and not what
// is written in it.
var references = []report.Reason{
	report.BackendNotFound,
	report.SecretNotFound,
	report.ConfigMapNotFound,
	report.InvalidCertificate,
	report.RefNotPermitted,
}

// conditions returns what the facts about one object say, in the order of their
// types. The time of a condition is zero.
func conditions(generation int64, facts []report.Fact) []metav1.Condition {
	var own, refs []report.Fact
	for _, fact := range facts {
		switch {
		case fact.Severity == report.Info:
		case slices.Contains(references, fact.Reason):
			refs = append(refs, fact)
		default:
			own = append(own, fact)
		}
	}
	return []metav1.Condition{
		condition(Accepted, generation, own, "the object is served"),
		condition(ResolvedRefs, generation, refs, "all references are resolved"),
	}
}

// suspended returns the condition of that type.
func suspended(generation int64, facts []report.Fact) metav1.Condition {
	made := metav1.Condition{
		Type: Suspended, Status: metav1.ConditionFalse, ObservedGeneration: generation,
		Reason: "InService", Message: "no part of the object is suspended",
	}
	facts = slices.DeleteFunc(slices.Clone(facts), func(f report.Fact) bool { return f.Reason != report.Suspended })
	if len(facts) > 0 {
		made.Status, made.Reason, made.Message = metav1.ConditionTrue, string(report.Suspended), words(facts)
	}
	return made
}

// condition is false where a fact is an error. Its reason is that of the first
// error, and its message has the words of the facts.
func condition(kind string, generation int64, facts []report.Fact, good string) metav1.Condition {
	made := metav1.Condition{
		Type:               kind,
		Status:             metav1.ConditionTrue,
		ObservedGeneration: generation,
		Reason:             kind,
		Message:            good,
	}
	if len(facts) > 0 {
		made.Message = words(facts)
	}
	for _, fact := range facts {
		if fact.Severity == report.Error {
			made.Status = metav1.ConditionFalse
			made.Reason = string(fact.Reason)
			break
		}
	}
	return made
}

// words joins the facts, the worst first.
func words(facts []report.Fact) string {
	facts = worstFirst(slices.Clone(facts))
	more := len(facts) - messageFacts
	if more > 0 {
		facts = facts[:messageFacts]
	}
	texts := make([]string, 0, len(facts)+1)
	for _, fact := range facts {
		texts = append(texts, sentence(fact))
	}
	if more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

// worstFirst sorts facts by severity, in place.
func worstFirst(facts []report.Fact) []report.Fact {
	slices.SortStableFunc(facts, func(a, b report.Fact) int { return int(b.Severity) - int(a.Severity) })
	return facts
}

// sentence is a fact without its origin, which the reader has in front of them.
func sentence(fact report.Fact) string {
	if fact.Field == "" {
		return fact.Message
	}
	return fact.Field + ": " + fact.Message
}

// settle gives each condition the time at which its status last changed, by what
// the object says now, and reports whether the object says the same already.
func settle(should, is []metav1.Condition, now metav1.Time) (same bool) {
	same = true
	for i := range should {
		before := meta.FindStatusCondition(is, should[i].Type)
		if before == nil || before.Status != should[i].Status {
			should[i].LastTransitionTime = now
			same = false
			continue
		}
		should[i].LastTransitionTime = before.LastTransitionTime
		same = same && *before == should[i]
	}
	return same
}
