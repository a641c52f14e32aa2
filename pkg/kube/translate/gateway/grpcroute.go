package gateway

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// grpcRank is what the precedence of a match of a GRPCRoute goes by.
type grpcRank struct{ service, method, headers int }

// compare puts the longer service first, then the longer method, then more headers.
func (a grpcRank) compare(b grpcRank) int {
	return cmp.Or(-cmp.Compare(a.service, b.service), -cmp.Compare(a.method, b.method), -cmp.Compare(a.headers, b.headers))
}

// grpcRoutes begins all GRPCRoutes.
func (t *translation) grpcRoutes() []*route {
	var all []*route
	for _, object := range t.Snapshot.GRPCRoutes() {
		r := newRoute(kindGRPCRoute, object, &object.Spec.CommonRouteSpec, &object.Status.RouteStatus)
		t.setHostnames(r, object.Spec.Hostnames)
		r.rules = func(f madeFor) rules { return t.grpcRules(r, object, f) }
		all = append(all, r)
	}
	return all
}

func (t *translation) grpcRules(r *route, object *gatewayv1.GRPCRoute, f madeFor) rules {
	b := &ruleBuilder{translation: t, route: r, socket: f.socket, listener: f.listener}
	names := make(map[string]bool)
	for i := range object.Spec.Rules {
		rule := &object.Spec.Rules[i]
		at := r.at("spec.rules" + index(i))
		b.grpcRule(rule, at, b.ruleID(i, rule.Name, names, at))
	}
	if len(object.Spec.Rules) == 0 {
		b.grpcRule(&gatewayv1.GRPCRouteRule{}, r.at("spec.rules"), "0")
	}
	return b.finish()
}

func (b *ruleBuilder) grpcRule(rule *gatewayv1.GRPCRouteRule, at resolve.Place, id string) {
	base := ir.Route{Origin: at.Origin, Field: at.Field, Timeouts: b.Options.Timeouts}
	b.govern(rule.Name, grpcExtensions(rule.Filters, at))
	b.applyPolicies(&base, id)
	forward := &ir.Forward{}
	b.sticky, b.backends = b.session(rule.SessionPersistence, b.route.id(id), at.At(".sessionPersistence")), nil
	for i := range rule.BackendRefs {
		ref, at := &rule.BackendRefs[i], at.At(".backendRefs"+index(i))
		filters, broken := b.grpcFilters(ref.Filters, at)
		whole := ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}
		forward.Backends = append(forward.Backends, b.backend(&ref.BackendRef, backendFilters{filters, broken, grpcExtensions(ref.Filters, at), whole}, at))
	}
	forward.Sticky = b.sticky
	filters, broken := b.grpcFilters(rule.Filters, at)
	base.Action, base.Filters = forward, filters
	matches := rule.Matches
	if len(matches) == 0 {
		matches = []gatewayv1.GRPCRouteMatch{{}}
	}
	for i := range matches {
		place := at
		if len(rule.Matches) > 0 {
			place = at.At(".matches" + index(i))
		}
		match, rank, ok := b.grpcMatch(&matches[i], place)
		if !ok {
			continue
		}
		e := entry{Route: base, grpc: rank}
		e.ID, e.Field, e.Match = b.route.id(id, itoa(i)), place.Field, match
		b.complete(&e, at)
		b.add(e, broken)
	}
}

// grpcMatch returns a condition on the path /SERVICE/METHOD and on metadata.
func (b *ruleBuilder) grpcMatch(m *gatewayv1.GRPCRouteMatch, at resolve.Place) (ir.Match, grpcRank, bool) {
	out := ir.Match{Path: ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}}
	var rank grpcRank
	ok := true
	if m.Method != nil {
		service, method := deref(m.Method.Service, ""), deref(m.Method.Method, "")
		rank.service, rank.method = len(service), len(method)
		out.Path, ok = b.grpcPath(m.Method, service, method, at.At(".method"))
	}
	for i, h := range m.Headers {
		kind := string(deref(h.Type, gatewayv1.GRPCHeaderMatchExact))
		ok = b.value(&out.Headers, strings.ToLower(string(h.Name)), kind, h.Value, at.At(".headers"+index(i))) && ok
	}
	sortValues(out.Headers)
	rank.headers = len(out.Headers)
	return out, rank, ok
}

// The parts of a path that gRPC asks for.
var (
	grpcService = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	grpcMethod  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
)

// anyPart is the expression of a service or method that is not given.
const anyPart = "[^/]+"

func (b *ruleBuilder) grpcPath(m *gatewayv1.GRPCMethodMatch, service, method string, at resolve.Place) (ir.PathMatch, bool) {
	switch kind := deref(m.Type, gatewayv1.GRPCMethodMatchExact); kind {
	case gatewayv1.GRPCMethodMatchExact:
	case gatewayv1.GRPCMethodMatchRegularExpression:
		ok := (service == "" || b.expression(service, at.At(".service"))) && (method == "" || b.expression(method, at.At(".method")))
		return ir.PathMatch{Kind: ir.PathRegex, Value: "/(?:" + cmp.Or(service, anyPart) + ")/(?:" + cmp.Or(method, anyPart) + ")"}, ok
	default:
		b.drop(at.At(".type"), report.Unsupported, fmt.Sprintf("the type %q is neither Exact nor RegularExpression", kind))
		return ir.PathMatch{}, false
	}
	switch {
	case service != "" && !grpcService.MatchString(service):
		b.drop(at.At(".service"), report.Unsupported, fmt.Sprintf("%q is no name of a service", service))
		return ir.PathMatch{}, false
	case method != "" && !grpcMethod.MatchString(method):
		b.drop(at.At(".method"), report.Unsupported, fmt.Sprintf("%q is no name of a method", method))
		return ir.PathMatch{}, false
	case service != "" && method != "":
		return ir.PathMatch{Kind: ir.PathExact, Value: "/" + service + "/" + method}, true
	case service != "":
		return ir.PathMatch{Kind: ir.PathPrefix, Value: "/" + service}, true
	case method != "":
		return ir.PathMatch{Kind: ir.PathRegex, Value: "/" + anyPart + "/" + regexp.QuoteMeta(method)}, true
	}
	return ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}, true
}
