package policies

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

// references are the reasons that blame what a policy refers to, and not what is
// written in it.
var references = []report.Reason{report.BackendNotFound, report.SecretNotFound, report.ConfigMapNotFound, report.InvalidCertificate, report.RefNotPermitted}

// Verdicts says what the status of the policies should be, the oldest first, once all
// that is served is known. Objects that Sluice does not serve are none of its business.
func (s *Set) Verdicts() []verdict.Policy {
	facts := s.Facts.ByOrigin()
	all := make([]verdict.Policy, 0, len(s.all))
	for _, p := range s.all {
		accepted, resolved := judge(facts[p.origin])
		v := verdict.Policy{Kind: Kind, Object: p.object}
		for _, a := range p.targets {
			if a.fault == (fault{}) && a.Kind != v1alpha1.TargetService && !s.served[Target{Kind: a.Kind, Name: a.Name}] {
				continue
			}
			v.Ancestors = append(v.Ancestors, p.ancestor(a.Target, cmp.Or(a.fault, accepted), resolved))
		}
		for _, t := range p.named {
			if !slices.ContainsFunc(p.targets, func(a *attachment) bool { return a.Target == t }) {
				v.Ancestors = append(v.Ancestors, p.ancestor(t, accepted, resolved))
			}
		}
		all = append(all, v)
	}
	return all
}

// judge returns what is wrong with a policy itself, and with what it refers to. What is
// wrong with one of its targets counts there alone.
func judge(facts []report.Fact) (accepted, resolved fault) {
	for _, f := range facts {
		if f.Severity != report.Error || strings.HasPrefix(f.Field, "spec.targetRefs") {
			continue
		}
		found := fault{f.Reason, f.Field + ": " + f.Message}
		if slices.Contains(references, f.Reason) {
			resolved = cmp.Or(resolved, found)
		} else {
			accepted = cmp.Or(accepted, found)
		}
	}
	return accepted, resolved
}

// ancestor returns an entry of status.ancestors.
func (p *Policy) ancestor(t Target, accepted, resolved fault) gatewayv1.PolicyAncestorStatus {
	group, kind, namespace := gatewayv1.Group(groups[t.Kind]), gatewayv1.Kind(t.Kind), gatewayv1.Namespace(t.Name.Namespace)
	ref := gatewayv1.ParentReference{Group: &group, Kind: &kind, Namespace: &namespace, Name: gatewayv1.ObjectName(t.Name.Name)}
	if t.Section != "" {
		section := gatewayv1.SectionName(t.Section)
		ref.SectionName = &section
	}
	return gatewayv1.PolicyAncestorStatus{
		AncestorRef:    ref,
		ControllerName: snapshot.GatewayControllerName,
		Conditions: []metav1.Condition{
			condition("Accepted", p.object.Generation, accepted, "the policy is in force"),
			condition("ResolvedRefs", p.object.Generation, resolved, "all references are resolved"),
		},
	}
}

// condition returns a condition that is true unless there is a fault.
func condition(kind string, generation int64, f fault, good string) metav1.Condition {
	c := metav1.Condition{Type: kind, ObservedGeneration: generation, Status: metav1.ConditionTrue, Reason: kind, Message: good}
	if f != (fault{}) {
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, string(f.reason), f.message
	}
	return c
}
