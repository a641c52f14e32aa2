package gateway

import (
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/policies"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// httpRoutes begins all HTTPRoutes.
func (t *translation) httpRoutes() []*route {
	var all []*route
	for _, object := range t.Snapshot.HTTPRoutes() {
		r := newRoute(kindHTTPRoute, object, &object.Spec.CommonRouteSpec, &object.Status.RouteStatus)
		t.setHostnames(r, object.Spec.Hostnames)
		r.rules = func(f madeFor) rules { return t.httpRules(r, object, f) }
		all = append(all, r)
	}
	return all
}

// ruleBuilder makes the rules of one route for one socket.
type ruleBuilder struct {
	*translation
	route *route
	// socket is nil for a route that no listener takes.
	socket *socket
	// raw is true where TLS is passed on, so that a back end sees the client's.
	raw bool
	// stream is true for routes whose content is not looked at.
	stream bool
	out    rules
	served int

	// listener is the one that the rules are for, where it or its ListenerSet has a ProxyPolicy.
	listener *listener
	// chain are the ProxyPolicies for the rule at hand. It must answer 500 where broken says that
	// one of them cannot be used, and missing that a filter names none.
	chain           policies.Chain
	broken, missing string
	// sticky is how the rule at hand keeps sessions, and backends are those that it has.
	sticky   ir.Sticky
	backends []policies.Backend
}

// drop leaves out a rule, or a match of it, that can match nothing.
func (b *ruleBuilder) drop(at resolve.Place, reason report.Reason, message string) {
	b.Facts.Errorf(at.Origin, at.Field, reason, "%s, so it is not served", message)
	b.out.dropped = b.out.dropped.or(fault{reason, at.Field + ": " + message})
}

// finish returns what was made.
func (b *ruleBuilder) finish() rules {
	b.out.none = b.served == 0 && !b.out.dropped.ok()
	return b.out
}

// httpRules makes the rules of an HTTPRoute.
func (t *translation) httpRules(r *route, object *gatewayv1.HTTPRoute, f madeFor) rules {
	b := &ruleBuilder{translation: t, route: r, socket: f.socket, listener: f.listener}
	names := make(map[string]bool)
	for i := range object.Spec.Rules {
		rule := &object.Spec.Rules[i]
		at := r.at("spec.rules" + index(i))
		b.httpRule(rule, at, b.ruleID(i, rule.Name, names, at))
	}
	if len(object.Spec.Rules) == 0 {
		// The CRD's default rule matches all and has no back end.
		b.httpRule(&gatewayv1.HTTPRouteRule{}, r.at("spec.rules"), "0")
	}
	return b.finish()
}

// ruleID is the name of a rule, or its position.
func (b *ruleBuilder) ruleID(i int, name *gatewayv1.SectionName, names map[string]bool, at resolve.Place) string {
	if name == nil || *name == "" {
		return itoa(i)
	}
	if names[string(*name)] {
		b.Facts.Warnf(at.Origin, at.Field+".name", report.Invalid, "another rule is named %q already, so this one goes by its position", *name)
		return itoa(i)
	}
	names[string(*name)] = true
	return string(*name)
}

func (b *ruleBuilder) httpRule(rule *gatewayv1.HTTPRouteRule, at resolve.Place, id string) {
	base := ir.Route{Origin: at.Origin, Field: at.Field, Timeouts: b.Options.Timeouts, MaxBodyBytes: b.Options.MaxBodyBytes}
	b.govern(rule.Name, httpExtensions(rule.Filters, at))
	b.applyPolicies(&base, id)
	b.timeouts(&base, rule.Timeouts, at.At(".timeouts"))
	if rule.Retry != nil {
		base.Retry = b.retry(rule.Retry, at.At(".retry"))
		own(&base, "retry")
	}
	sticky := b.session(rule.SessionPersistence, b.route.id(id), at.At(".sessionPersistence"))
	matches := rule.Matches
	if len(matches) == 0 {
		matches = []gatewayv1.HTTPRouteMatch{{}}
	}
	for i := range matches {
		place := at
		if len(rule.Matches) > 0 {
			place = at.At(".matches" + index(i))
		}
		match, ok := b.httpMatch(&matches[i], place)
		if !ok {
			continue
		}
		filters, broken := b.httpFilters(rule.Filters, match.Path, at)
		e := entry{Route: base}
		e.ID, e.Field, e.Match, e.Filters = b.route.id(id, itoa(i)), place.Field, match, filters
		e.Action = b.httpForward(rule, match.Path, sticky, at)
		b.complete(&e, at)
		b.add(e, broken)
	}
}

// add adds an entry, which answers 500 where a filter of it is broken.
func (b *ruleBuilder) add(e entry, broken fault) {
	if broken.ok() {
		b.served++
	} else {
		b.out.dropped = b.out.dropped.or(broken)
		e.Filters, e.Action = nil, &ir.Respond{Status: 500, Reason: broken.message}
	}
	b.out.entries = append(b.out.entries, e)
}

// httpForward returns the action of a rule for a match. One without back ends answers 500.
func (b *ruleBuilder) httpForward(rule *gatewayv1.HTTPRouteRule, match ir.PathMatch, sticky ir.Sticky, at resolve.Place) ir.Action {
	forward := &ir.Forward{}
	b.sticky, b.backends = sticky, nil
	for i := range rule.BackendRefs {
		ref, at := &rule.BackendRefs[i], at.At(".backendRefs"+index(i))
		filters, broken := b.httpFilters(ref.Filters, match, at)
		forward.Backends = append(forward.Backends, b.backend(&ref.BackendRef, backendFilters{filters, broken, httpExtensions(ref.Filters, at), match}, at))
	}
	forward.Sticky = b.sticky
	return forward
}

// timeouts sets those that the rule has itself; what it does not say is as policies say, or
// as everywhere.
func (b *ruleBuilder) timeouts(base *ir.Route, spec *gatewayv1.HTTPRouteTimeouts, at resolve.Place) {
	if spec == nil {
		return
	}
	out := &base.Timeouts
	_, byPolicy := b.chain.Reader().From("timeouts.backendRequest")
	if d, said := b.duration(spec.Request, at.At(".request")); said {
		out.Request = d
		own(base, "timeouts.request")
	}
	if d, said := b.duration(spec.BackendRequest, at.At(".backendRequest")); said {
		out.BackendRequest = d
		own(base, "timeouts.backendRequest")
	} else if out.Request > 0 && spec.Request != nil && !byPolicy {
		// The bound of the whole is the only one that was asked for.
		out.BackendRequest = 0
	}
}

// duration reads a duration; 0 means no bound.
func (b *ruleBuilder) duration(d *gatewayv1.Duration, at resolve.Place) (time.Duration, bool) {
	if d == nil {
		return 0, false
	}
	parsed, err := time.ParseDuration(string(*d))
	if err != nil || parsed < 0 {
		b.Facts.Errorf(at.Origin, at.Field, report.Unsupported, "%q is no duration such as 500ms, so it does not count", *d)
		return 0, false
	}
	return parsed, true
}
