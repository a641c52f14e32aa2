package policies

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/translate/settings"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Kind is that of the policies.
const Kind = "ProxyPolicy"

// Set is the ProxyPolicies of one translation.
type Set struct {
	*resolve.Resolver
	all    []*Policy // the oldest first
	byName map[types.NamespacedName]*Policy
	// of are the policies that count.
	of map[Target]*Policy
	// served are the objects, without sections, that Sluice serves.
	served map[Target]bool
}

// Policy is a ProxyPolicy.
type Policy struct {
	object *v1alpha1.ProxyPolicy
	origin report.Origin
	// targets are those of spec.targetRefs, in its order; named are the routes that name it.
	targets []*attachment
	named   []Target
	filters *filters
}

// attachment is an entry of spec.targetRefs.
type attachment struct {
	Target
	// fault says why the policy does not count for it.
	fault fault
}

// filters is what spec.filters comes to.
type filters struct {
	list  []ir.Filter
	sound bool
}

// fault is why something does not hold; its zero value means that it does.
type fault struct {
	reason  report.Reason
	message string
}

// New reads the ProxyPolicies of a snapshot.
func New(r *resolve.Resolver) *Set {
	s := &Set{
		Resolver: r,
		byName:   make(map[types.NamespacedName]*Policy),
		of:       make(map[Target]*Policy),
		served:   make(map[Target]bool),
	}
	known := make(map[v1alpha1.PolicyTargetKind]sections)
	for _, object := range r.Snapshot.ProxyPolicies() {
		p := &Policy{object: object, origin: report.Origin{Kind: Kind, Namespace: object.Namespace, Name: object.Name}}
		s.all = append(s.all, p)
		s.byName[snapshot.NameOf(object)] = p
		for i := range object.Spec.TargetRefs {
			ref := &object.Spec.TargetRefs[i]
			if known[ref.Kind] == nil {
				known[ref.Kind] = sectionsOf(r.Snapshot, ref.Kind)
			}
			s.attach(p, ref, known[ref.Kind], p.at("spec.targetRefs["+strconv.Itoa(i)+"]"))
		}
		s.check(p)
	}
	return s
}

func (p *Policy) at(field string) resolve.Place {
	return resolve.Place{Origin: p.origin, Field: field}
}

// attach enters a policy for one of its targets.
func (s *Set) attach(p *Policy, ref *v1alpha1.PolicyTarget, known sections, at resolve.Place) {
	a := &attachment{Target: Target{ref.Kind, types.NamespacedName{Namespace: p.object.Namespace, Name: ref.Name}, ref.SectionName}}
	p.targets = append(p.targets, a)
	group, allowed := groups[ref.Kind]
	switch first := s.of[a.Target]; {
	case !allowed || ref.Group != group:
		a.fault = fault{report.Invalid, fmt.Sprintf("a policy cannot be for the kind %q of %q", ref.Kind, ref.Group)}
		s.Facts.Errorf(at.Origin, at.Field, a.fault.reason, "%s, so it is for nothing here", a.fault.message)
	case first == p:
		s.Facts.Warnf(at.Origin, at.Field, report.Invalid, "the same stands there twice")
	case first != nil:
		a.fault = fault{report.Conflict, fmt.Sprintf("%s, which is older, is for the same", first.origin)}
		s.Facts.Errorf(at.Origin, at.Field, a.fault.reason, "%s, so this one does not count there", a.fault.message)
	default:
		s.of[a.Target] = p
		if a.fault = known.find(a.Target); a.fault != (fault{}) {
			s.Facts.Warnf(at.Origin, at.Field, a.fault.reason, "%s, so nothing happens", a.fault.message)
		}
	}
}

// check reports what is wrong with a policy even where nothing uses it, and what means
// nothing for a Service.
func (s *Set) check(p *Policy) {
	s.Filters(p)
	r := Chain{s, []*Policy{p}}.Reader()
	r.Timeouts()
	r.Retry()
	r.BufferResponse()
	r.Limits("")
	r.Balance()
	r.Health()
	r.Breaker()
	if !slices.ContainsFunc(p.targets, func(a *attachment) bool { return a.Kind == v1alpha1.TargetService }) {
		return
	}
	spec := &p.object.Spec
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"versioning", spec.Versioning != nil}, {"timeouts", spec.Timeouts != nil}, {"retry", spec.Retry != nil}, {"bufferResponse", spec.BufferResponse != nil}, {"filters", len(spec.Filters) > 0},
	} {
		if field.set {
			s.Facts.Warnf(p.origin, "spec."+field.name, report.Unsupported, "the field has no effect on Services, only on rules and what they are part of")
		}
	}
}

// For returns the policies for targets, the most specific of which stands first, and
// notes that Sluice serves them.
func (s *Set) For(targets ...Target) Chain {
	if len(s.all) == 0 {
		return Chain{set: s}
	}
	chain := Chain{set: s}
	for _, t := range targets {
		s.served[Target{Kind: t.Kind, Name: t.Name}] = true
		if p := s.of[t]; p != nil {
			chain.list = append(chain.list, p)
		}
	}
	return chain
}

// Service returns the policies for a port of a Service, and notes that Sluice serves it.
func (s *Set) Service(name types.NamespacedName, port int32) Chain {
	if len(s.all) == 0 {
		return Chain{set: s}
	}
	whole := Target{Kind: v1alpha1.TargetService, Name: name}
	targets := []Target{whole}
	if object := s.Snapshot.Service(name); object != nil {
		for i := range object.Spec.Ports {
			if p := &object.Spec.Ports[i]; p.Port == port && p.Name != "" && p.Protocol != corev1.ProtocolUDP {
				targets = []Target{{whole.Kind, name, p.Name}, whole}
			}
		}
	}
	return s.For(targets...)
}

// Named returns the policy of a name for a route that names it, nil where there is none.
func (s *Set) Named(name types.NamespacedName, by Target) *Policy {
	p := s.byName[name]
	if p != nil && !slices.Contains(p.named, by) {
		p.named = append(p.named, by)
	}
	return p
}

// Filters returns what the policy's filters come to, and false where one cannot be used.
func (s *Set) Filters(p *Policy) ([]ir.Filter, bool) {
	if p.filters == nil {
		list, sound := settings.Filters(s.Resolver, p.object.Spec.Filters, true, p.at("spec.filters"))
		p.filters = &filters{list, sound}
	}
	return p.filters.list, p.filters.sound
}
