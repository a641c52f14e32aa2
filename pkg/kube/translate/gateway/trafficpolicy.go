package gateway

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

const kindTrafficPolicy = "XBackendTrafficPolicy"

// What the CRD says where a retryConstraint leaves something open.
const (
	defaultBudgetPercent  = 20
	defaultBudgetInterval = 10 * time.Second
	defaultMinRetries     = 10
	defaultMinInterval    = time.Second
)

// trafficPolicy is an XBackendTrafficPolicy: what was BackendLBPolicy before.
type trafficPolicy struct {
	object *gatewayxv1.XBackendTrafficPolicy
	origin report.Origin
	// conflict says which older policy is for the same, or that there is nothing that it is for;
	// invalid what is wrong with it.
	conflict, invalid fault
	sticky            ir.Sticky
	// constraint bounds the retries of each Service.
	constraint ir.RetryConstraint
	services   []types.NamespacedName
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
			p.constraint = t.readConstraint(p, c)
		}
	}
}

// readConstraint returns how many further tries there may be. A number or time out of its bounds is
// reported and taken for the nearest that is not: without any, retries would not be bounded at all.
func (t *translation) readConstraint(p *trafficPolicy, spec *gatewayxv1.RetryConstraint) ir.RetryConstraint {
	out := ir.RetryConstraint{Percent: defaultBudgetPercent, Window: defaultBudgetInterval, MinRetries: defaultMinRetries, MinInterval: defaultMinInterval}
	if b := spec.Budget; b != nil {
		out.Percent = t.bounded(p, "budget.percent", deref(b.Percent, defaultBudgetPercent), 0, 100)
		out.Window = t.boundedTime(p, "budget.interval", b.Interval, defaultBudgetInterval, time.Second)
	}
	if m := spec.MinRetryRate; m != nil {
		out.MinRetries = t.bounded(p, "minRetryRate.count", deref(m.Count, defaultMinRetries), 1, 1_000_000)
		out.MinInterval = t.boundedTime(p, "minRetryRate.interval", m.Interval, defaultMinInterval, time.Millisecond)
	}
	return out
}

func (t *translation) bounded(p *trafficPolicy, field string, value, least, most int) int {
	if nearest := min(max(value, least), most); nearest != value {
		t.replaced(p, field, strconv.Itoa(value), strconv.Itoa(nearest))
		return nearest
	}
	return value
}

// boundedTime reads a time of at most an hour. What is no time is taken for the default.
func (t *translation) boundedTime(p *trafficPolicy, field string, d *gatewayv1.Duration, otherwise, least time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	value, err := time.ParseDuration(string(*d))
	if err != nil {
		t.replaced(p, field, strconv.Quote(string(*d)), otherwise.String())
		return otherwise
	}
	if nearest := min(max(value, least), time.Hour); nearest != value {
		t.replaced(p, field, value.String(), nearest.String())
		return nearest
	}
	return value
}

// replaced reports a value of the constraint for which another one counts.
func (t *translation) replaced(p *trafficPolicy, field, value, by string) {
	at := p.at("spec.retryConstraint." + field)
	message := "it cannot be " + value + ", so " + by + " counts"
	t.Facts.Errorf(at.Origin, at.Field, report.Invalid, "%s", message)
	p.invalid = p.invalid.or(fault{report.Invalid, at.Field + ": " + message})
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
