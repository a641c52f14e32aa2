package ingress

import (
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/policies"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Translate returns the fragments of all Ingresses that are ours, the oldest first.
func Translate(r *resolve.Resolver, set *policies.Set) []resolve.Fragment {
	var fragments []resolve.Fragment
	classes := r.Options.Classes()
	for _, object := range r.Snapshot.Ingresses() {
		if served, why := r.Snapshot.ServesIngress(object, classes); !served {
			r.Facts.Infof(originOf(object), "", report.OtherClass, "%s", why)
			continue
		}
		fragments = append(fragments, translate(object, r, set))
	}
	return fragments
}

func originOf(object *networkingv1.Ingress) report.Origin {
	return report.Origin{Kind: "Ingress", Namespace: object.Namespace, Name: object.Name}
}

// translation is the translation of one Ingress.
type translation struct {
	*resolve.Resolver
	object   *networkingv1.Ingress
	origin   report.Origin
	settings settings
	policies *policies.Set
	// chain are the ProxyPolicies for the object.
	chain    policies.Chain
	fragment resolve.Fragment
	// hosts are the host patterns of the rules, in order, each once.
	hosts []string
	seen  map[string]bool
}

func translate(object *networkingv1.Ingress, r *resolve.Resolver, set *policies.Set) resolve.Fragment {
	t := &translation{
		Resolver: r,
		policies: set,
		chain:    set.For(policies.Target{Kind: v1alpha1.TargetIngress, Name: snapshot.NameOf(object)}),
		object:   object,
		origin:   originOf(object),
		seen:     make(map[string]bool),
	}
	t.fragment.Origin = t.origin
	t.fragment.Created = object.CreationTimestamp.Time
	t.settings = t.readAnnotations()
	if !t.settings.withdrawn {
		for i := range object.Spec.Rules {
			t.rule(i, &object.Spec.Rules[i])
		}
		t.defaultBackend()
	}
	for i := range object.Spec.TLS {
		t.tls(i, &object.Spec.TLS[i])
	}
	t.hostPolicies()
	return t.fragment
}

// at returns a field of the object.
func (t *translation) at(field string) resolve.Place {
	return resolve.Place{Origin: t.origin, Field: field}
}

// rule adds the paths of one rule. One for a host that is no DNS name is left
// out as a whole: what it would match is anyone's guess.
func (t *translation) rule(index int, rule *networkingv1.IngressRule) {
	at := t.at("spec.rules[" + strconv.Itoa(index) + "]")
	host := ""
	if rule.Host != "" {
		var err error
		if host, err = resolve.Host(rule.Host, resolve.HostKinds{}); err != nil {
			t.Facts.Errorf(t.origin, at.Field+".host", report.Invalid, "the host %q %v, so the rule is not served", rule.Host, err)
			return
		}
	}
	if !t.seen[host] {
		t.seen[host] = true
		t.hosts = append(t.hosts, host)
	}
	if rule.HTTP == nil || len(rule.HTTP.Paths) == 0 {
		if t.object.Spec.DefaultBackend == nil {
			t.Facts.Warnf(t.origin, at.Field, report.Invalid, "the rule has no path and the object no default back end, so nothing is served")
		}
		return
	}
	for i := range rule.HTTP.Paths {
		t.path(index, i, host, &rule.HTTP.Paths[i])
	}
}

// path adds one path of a rule.
func (t *translation) path(rule, index int, host string, path *networkingv1.HTTPIngressPath) {
	at := t.at("spec.rules[" + strconv.Itoa(rule) + "].http.paths[" + strconv.Itoa(index) + "]")
	match, field, problem := pathMatch(path)
	if problem != "" {
		t.Facts.Errorf(t.origin, at.Field+field, report.Invalid, "%s, so it is not served", problem)
		return
	}
	t.add(resolve.Route{
		Host: host,
		Route: ir.Route{
			ID:     t.id(strconv.Itoa(rule), strconv.Itoa(index)),
			Field:  at.Field,
			Match:  ir.Match{Path: match},
			Action: t.backend(&path.Backend, at.At(".backend")),
		},
	})
}

// defaultBackend adds the default back end: for the hosts of the rules, or where
// there are no rules, for every host.
func (t *translation) defaultBackend() {
	spec := &t.object.Spec
	if spec.DefaultBackend == nil {
		if len(spec.Rules) == 0 {
			t.Facts.Errorf(t.origin, "spec", report.Invalid, "the object has neither rules nor a default back end, so nothing is served")
		}
		return
	}
	at := t.at("spec.defaultBackend")
	action := t.backend(spec.DefaultBackend, at)
	hosts := t.hosts
	if len(spec.Rules) == 0 {
		hosts = []string{""}
	}
	for _, host := range hosts {
		id := t.id("default")
		if host != "" {
			id = t.id("default", host)
		}
		t.add(resolve.Route{
			Host:     host,
			Fallback: true,
			Route: ir.Route{
				ID:     id,
				Field:  at.Field,
				Match:  ir.Match{Path: ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}},
				Action: action,
			},
		})
	}
}

// add completes a route with what the whole object says.
func (t *translation) add(route resolve.Route) {
	route.Origin = t.origin
	route.Redirect = t.settings.redirect
	route.Timeouts = t.Options.Timeouts
	route.MaxBodyBytes = t.Options.MaxBodyBytes
	t.govern(&route.Route)
	closed := t.settings.closed
	if closed == "" {
		var own []ir.Filter
		// Those of policies, which are there already, act behind those of annotations.
		own, closed = t.settings.access.filters(t, &route)
		route.Filters = append(own, route.Filters...)
	}
	if closed != "" {
		route.Action = &ir.Respond{Status: 503, Reason: closed}
	}
	t.fragment.Routes = append(t.fragment.Routes, route)
}

func (t *translation) id(parts ...string) string {
	return "ingress/" + t.object.Namespace + "/" + t.object.Name + "/" + strings.Join(parts, "/")
}
