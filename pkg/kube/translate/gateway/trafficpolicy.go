package gateway

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

const kindTrafficPolicy = "XBackendTrafficPolicy"

// The budget of retries of a policy that does not say it, and how often a request is tried again
// where no rule says it.
const (
	defaultBudget       = 20
	defaultRuleAttempts = 2
)

// trafficPolicy is an XBackendTrafficPolicy: what was BackendLBPolicy before.
type trafficPolicy struct {
	object *gatewayxv1.XBackendTrafficPolicy
	origin report.Origin
	// conflict says which older policy is for the same, or that there is nothing that it is for;
	// invalid what is wrong with it.
	conflict, invalid fault
	sticky            ir.Sticky
	services          []types.NamespacedName
}

func (p *trafficPolicy) at(field string) resolve.Place {
	return resolve.Place{Origin: p.origin, Field: field}
}

// readTrafficPolicies finds out which policy is for which Service. Of several for one the
// oldest counts (GEP-713).
func (t *translation) readTrafficPolicies() {
	for _, object := range t.Snapshot.XBackendTrafficPolicies() {
		p := &trafficPolicy{object: object, origin: report.Origin{Kind: kindTrafficPolicy, Namespace: object.Namespace, Name: object.Name}}
		t.trafficPolicies = append(t.trafficPolicies, p)
		found := false
		for i := range object.Spec.TargetRefs {
			found = t.readTrafficTarget(p, &object.Spec.TargetRefs[i], p.at("spec.targetRefs"+index(i))) || found
		}
		if !found {
			p.conflict = p.conflict.or(fault{report.TargetNotFound, "nothing that it is for exists"})
		}
		before := t.Facts.Len()
		b := &ruleBuilder{translation: t}
		p.sticky = b.session(object.Spec.SessionPersistence, "backend/"+object.Namespace+"/"+object.Name, p.at("spec.sessionPersistence"))
		if t.Facts.Len() != before {
			p.invalid = fault{report.Invalid, "spec.sessionPersistence is not valid, so there are no sessions"}
		}
		if c := object.Spec.RetryConstraint; c != nil {
			t.Facts.Infof(p.origin, "spec.retryConstraint", report.Unsupported,
				"the budget is a share of the requests that run at the moment, so interval and minRetryRate have no effect")
		}
	}
}

// readTrafficTarget enters a policy for one of its targets, and says whether that exists.
func (t *translation) readTrafficTarget(p *trafficPolicy, ref *gatewayv1.LocalPolicyTargetReference, at resolve.Place) (found bool) {
	if ref.Group != "" || ref.Kind != "Service" {
		t.refuse(&p.conflict, at, report.Invalid, fmt.Sprintf("the policy cannot be for the kind %q of %q, only for Services", ref.Kind, ref.Group))
		return false
	}
	name := types.NamespacedName{Namespace: p.object.Namespace, Name: string(ref.Name)}
	found = t.Snapshot.Service(name) != nil
	if !found {
		t.Facts.Warnf(at.Origin, at.Field, report.TargetNotFound, "the Service %q does not exist, so nothing happens", name)
	}
	if !slices.Contains(p.services, name) {
		p.services = append(p.services, name)
	}
	switch first := t.trafficOf[name]; {
	case first == nil:
		t.trafficOf[name] = p
	case first != p:
		t.refuse(&p.conflict, at, report.Conflict, fmt.Sprintf("%s, which is older, is for the same", first.origin))
	}
	return found
}

// trafficPolicyFor returns the policy for a Service, nil for none, and notes for the status that
// the Gateway uses the Service.
func (t *translation) trafficPolicyFor(service types.NamespacedName, g *gateway) *trafficPolicy {
	p := t.trafficOf[service]
	if p != nil {
		t.use(service, g)
	}
	return p
}

// constrain bounds the retries of a route by the strictest of the policies for its back ends.
func (p *trafficPolicy) constrain(retry *ir.Retry) {
	c := p.object.Spec.RetryConstraint
	if c == nil {
		return
	}
	percent := defaultBudget
	if c.Budget != nil {
		percent = min(max(deref(c.Budget.Percent, defaultBudget), 0), 100)
	}
	if !retry.Own {
		*retry = ir.Retry{Own: true, Attempts: defaultRuleAttempts, OnConnect: true, OnReset: true}
	}
	switch {
	case percent == 0:
		retry.Attempts = 0
	case retry.BudgetPercent == 0 || percent < retry.BudgetPercent:
		retry.BudgetPercent = percent
	}
}

// trafficVerdicts says what the status of the policies should be.
func (t *translation) trafficVerdicts() {
	for _, p := range t.trafficPolicies {
		v := verdict.Policy{Kind: kindTrafficPolicy, Object: p.object}
		for _, g := range t.ancestors(p.services) {
			v.Ancestors = append(v.Ancestors, g.ancestor(
				condition("Accepted", p.object.Generation, p.conflict.or(p.invalid), "the policy is in force")))
		}
		t.verdicts.Policies = append(t.verdicts.Policies, v)
	}
}
