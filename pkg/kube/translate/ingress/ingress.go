package ingress

import (
	"slices"
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
	var all []*translation
	classes := r.Options.Classes()
	sharing := &sharing{regex: make(map[string]bool), canaries: make(map[location]*canary)}
	served := make(map[string]bool)
	for _, object := range r.Snapshot.Ingresses() {
		if ours, why := r.Snapshot.ServesIngress(object, classes); !ours {
			r.Facts.Infof(originOf(object), "", report.OtherClass, "%s", why)
			continue
		}
		t := begin(object, r, set, sharing)
		all = append(all, t)
		if t.isCanary() {
			t.canaries(sharing.canaries)
			continue
		}
		regex := usesRegex(object)
		for i := range object.Spec.Rules {
			host := strings.ToLower(object.Spec.Rules[i].Host)
			served[host] = true
			sharing.regex[host] = sharing.regex[host] || regex
		}
	}
	for _, t := range all {
		t.translate()
	}
	reportAlone(sharing.canaries)
	for _, t := range all {
		t.redirectTwins(served)
	}
	aliases(all, served)
	fragments := make([]resolve.Fragment, len(all))
	for i, t := range all {
		fragments[i] = t.fragment
	}
	return fragments
}

func originOf(object *networkingv1.Ingress) report.Origin {
	return report.Origin{Kind: "Ingress", Namespace: object.Namespace, Name: object.Name}
}

// sharing is what Ingresses have in common, as in ingress-nginx.
type sharing struct {
	// regex are the hosts all paths of which are expressions.
	regex map[string]bool
	// canaries are second back ends of paths.
	canaries map[location]*canary
}

// translation is the translation of one Ingress.
type translation struct {
	*resolve.Resolver
	*sharing
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

func begin(object *networkingv1.Ingress, r *resolve.Resolver, set *policies.Set, shared *sharing) *translation {
	t := &translation{
		Resolver: r,
		sharing:  shared,
		policies: set,
		chain:    set.For(policies.Target{Kind: v1alpha1.TargetIngress, Name: snapshot.NameOf(object)}),
		object:   object,
		origin:   originOf(object),
		seen:     make(map[string]bool),
	}
	t.fragment.Origin = t.origin
	t.fragment.Created = object.CreationTimestamp.Time
	return t
}

// translate fills in the fragment. A canary has no routes of its own.
func (t *translation) translate() {
	t.settings = t.readAnnotations()
	if !t.isCanary() {
		for i := range t.object.Spec.Rules {
			t.rule(i, &t.object.Spec.Rules[i])
		}
		t.defaultBackend()
		t.appRoot()
	}
	for i := range t.object.Spec.TLS {
		t.tls(i, &t.object.Spec.TLS[i])
	}
	t.hostPolicies()
	t.passOn()
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
	match, field, problem := pathMatch(path, t.regex[host])
	if problem != "" && match.Value == "" {
		t.Facts.Errorf(t.origin, at.Field+field, report.Invalid, "%s, so it is not served", problem)
		return
	}
	route := draft{path: path.Path, Route: resolve.Route{Host: host, Route: ir.Route{
		ID: t.id(strconv.Itoa(rule), strconv.Itoa(index)), Field: at.Field, Match: ir.Match{Path: match},
	}}}
	if problem != "" {
		t.Facts.Errorf(t.origin, at.Field+field, report.Invalid, "%s, so all that it may be about is answered 503", problem)
		route.Action = &ir.Respond{Status: 503, Reason: problem}
		t.add(route)
		return
	}
	sticky := t.settings.stickyAt(path.Path)
	route.Action = t.backend(&path.Backend, at.At(".backend"), sticky)
	route.Filters = t.toBackend(path.Path, &path.Backend)
	if c := t.sharing.canaries[locate(t.object.Namespace, host, path)]; c != nil && !c.taken {
		t.addCanary(route, c, sticky)
		return
	}
	t.add(route)
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
	action := t.backend(spec.DefaultBackend, at, t.settings.stickyAt("/"))
	hosts := t.hosts
	if len(spec.Rules) == 0 {
		hosts = []string{""}
	}
	for _, host := range hosts {
		id := t.id("default")
		if host != "" {
			id = t.id("default", host)
		}
		t.add(draft{path: "/", Route: resolve.Route{
			Host:     host,
			Fallback: true,
			Route: ir.Route{
				ID:      id,
				Field:   at.Field,
				Match:   ir.Match{Path: ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}},
				Filters: t.toBackend("/", spec.DefaultBackend),
				Action:  action,
			},
		}})
	}
}

// challenges is where certificates are asked for by ACME (RFC 8555 section 8.3). As by default in
// ingress-nginx, paths below it are neither redirected nor guarded by passwords.
const challenges = "/.well-known/acme-challenge"

func isChallenge(path string) bool { return strings.HasPrefix(path, challenges) }

// draft is a route that has nothing yet of what the whole object says; its filters are those for
// what its back end gets.
type draft struct {
	resolve.Route
	// path is as the object has it.
	path string
}

// add completes a route with what the whole object says.
func (t *translation) add(route draft) {
	set := &t.settings
	route.Origin = t.origin
	route.Redirect = set.redirect
	if isChallenge(route.path) || set.moved != nil {
		route.Redirect = resolve.RedirectNever
	}
	route.Timeouts, route.Retry = set.tuning.timeouts, set.tuning.retry
	route.MaxBodyBytes, route.BufferRequest = set.tuning.maxBody, set.tuning.buffers
	route.Unlogged = !set.logged
	route.BufferResponse = set.tuning.kept
	behind := route.Filters
	route.Filters = nil
	t.govern(&route.Route.Route)
	closed := set.closed
	if closed == "" {
		var own []ir.Filter
		// Those of policies, which are there already, act behind those of annotations.
		own, closed = t.filters(&route, behind)
		route.Filters = append(own, route.Filters...)
	}
	if closed != "" {
		route.Action = &ir.Respond{Status: 503, Reason: closed}
	}
	t.fragment.Routes = append(t.fragment.Routes, route.Route)
}

// filters returns the filters of a route in the order of ingress-nginx, behind those for what its
// back end gets, or why the route must be closed.
func (t *translation) filters(route *draft, behind []ir.Filter) (list []ir.Filter, closed string) {
	set := &t.settings
	if set.moved != nil {
		return []ir.Filter{set.moved}, "" // Nobody needs a password to be sent elsewhere.
	}
	access := set.access
	if isChallenge(route.path) {
		access.basic, access.external = nil, nil
	}
	own, closed := access.filters(t, &route.Route)
	if closed != "" {
		return nil, closed
	}
	if set.client != nil && set.client.guard != nil {
		list = append(list, set.client.guard)
	}
	if access.cors != nil {
		list, own = append(list, own[0]), own[1:] // Preflights count for no limit.
	}
	list = slices.Concat(list, set.limits, own)
	if set.client != nil {
		list = append(list, set.client.headers)
	}
	list = append(list, behind...)
	if set.bandwidth != nil {
		list = append(list, set.bandwidth)
	}
	if set.mirror != nil {
		list = append(list, set.mirror)
	}
	if set.response != nil {
		list = append(list, set.response)
	}
	if set.headers != nil {
		list = append(list, set.headers)
	}
	return list, ""
}

func (t *translation) id(parts ...string) string {
	return "ingress/" + t.object.Namespace + "/" + t.object.Name + "/" + strings.Join(parts, "/")
}
