package gateway

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

// The kinds of routes.
const (
	kindHTTPRoute = "HTTPRoute"
	kindGRPCRoute = "GRPCRoute"
	kindTLSRoute  = "TLSRoute"
	kindTCPRoute  = "TCPRoute"
	kindUDPRoute  = "UDPRoute"
)

// route is a route of any kind.
type route struct {
	kind    string
	object  verdict.Object
	status  *gatewayv1.RouteStatus
	origin  report.Origin
	refs    []gatewayv1.ParentReference
	created time.Time
	// hostnames are the host patterns of the route; [""] where it names none or its
	// kind has none.
	hostnames []string
	// rules makes the rules of the route; it is called again for each socket that the
	// route is attached to, and once where there is none.
	rules func(f madeFor) rules

	parents []*parent
}

// rules is what the rules of a route come to.
type rules struct {
	// entries are of HTTPRoutes and GRPCRoutes, in the order of the route.
	entries []entry
	// stream is of the other kinds.
	stream *stream
	// resolved says which reference cannot be used.
	resolved fault
	// dropped says why a rule is not served, and none is true where no rule is.
	dropped fault
	none    bool
}

// parent is an entry of spec.parentRefs that names one of our Gateways or ListenerSets.
type parent struct {
	ref       *gatewayv1.ParentReference
	at        resolve.Place
	gateway   *gateway
	listeners []*attachment
	// rejected says why the route is not accepted, resolved which of its references
	// cannot be used, and partly which rule is not served.
	rejected, resolved, partly fault
}

// attachment is a route at a listener.
type attachment struct {
	*listener
	hosts []attachedHost
}

// attachedHost is a host pattern that a route and a listener have in common.
type attachedHost struct {
	pattern string
	// own is the route's own pattern that it comes from.
	own string
}

func (r *route) at(field string) resolve.Place {
	return resolve.Place{Origin: r.origin, Field: field}
}

// newRoute begins a route.
func newRoute(kind string, object verdict.Object, spec *gatewayv1.CommonRouteSpec, status *gatewayv1.RouteStatus) *route {
	return &route{
		kind:      kind,
		object:    object,
		status:    status,
		origin:    report.Origin{Kind: kind, Namespace: object.GetNamespace(), Name: object.GetName()},
		refs:      spec.ParentRefs,
		created:   object.GetCreationTimestamp().Time,
		hostnames: []string{""},
	}
}

// setHostnames reads the host names of the route. One that is none is left out and
// reported; a route that has no other matches nothing.
func (t *translation) setHostnames(r *route, hostnames []gatewayv1.Hostname) {
	if len(hostnames) == 0 {
		return
	}
	r.hostnames = nil
	for i, h := range hostnames {
		p, err := pattern(string(h))
		if err == nil && p == "" {
			err = errEmptyHostname
		}
		if err != nil {
			t.Facts.Errorf(r.origin, "spec.hostnames"+index(i), report.Invalid, "the host name %q %v, so nothing is served for it", h, err)
			continue
		}
		if !slices.Contains(r.hostnames, p) {
			r.hostnames = append(r.hostnames, p)
		}
	}
}

// routes attaches all routes to listeners and makes their rules.
func (t *translation) routes() {
	web := append(t.httpRoutes(), t.grpcRoutes()...)
	slices.SortStableFunc(web, byAge) // The older of two kinds wins a listener's host name.
	for _, r := range web {
		t.attach(r)
		t.serve(r)
	}
	streams := append(append(t.tlsRoutes(), t.tcpRoutes()...), t.udpRoutes()...)
	for _, r := range streams {
		t.attach(r)
		t.serve(r)
	}
	all := append(web, streams...)
	slices.SortStableFunc(all, func(a, b *route) int {
		return cmp.Compare(slices.Index(routeKinds, a.kind), slices.Index(routeKinds, b.kind))
	})
	for _, r := range all {
		t.verdicts.Routes = append(t.verdicts.Routes, verdict.Route{Kind: r.kind, Object: r.object, Status: r.status, Parents: r.verdicts()})
	}
}

var routeKinds = []string{kindHTTPRoute, kindGRPCRoute, kindTLSRoute, kindTCPRoute, kindUDPRoute}

func byAge(a, b *route) int { return snapshot.ByAge(a.object, b.object) }

// madeFor is what rules are made for: a socket, apart for those of its listeners that pass TLS
// on, and for each of those that have a ProxyPolicy, or whose ListenerSet has. Its zero value is no socket.
type madeFor struct {
	socket      *socket
	passthrough bool
	listener    *listener
}

func (t *translation) madeFor(a *attachment) madeFor {
	f := madeFor{socket: t.socket(a.listener), passthrough: a.passthrough()}
	if !t.proxyPolicies.For(a.targets()...).Empty() {
		f.listener = a.listener
	}
	return f
}

// serve adds the rules of a route to the sockets of the listeners that it is attached to.
func (t *translation) serve(r *route) {
	if len(r.parents) == 0 {
		return
	}
	made := make(map[madeFor]rules)
	for _, p := range r.parents {
		for _, a := range p.listeners {
			key := t.madeFor(a)
			if _, done := made[key]; !done {
				made[key] = r.rules(key)
			}
		}
	}
	var any rules
	if len(made) == 0 {
		any = r.rules(madeFor{})
	}
	for _, result := range made {
		any = result
	}
	for _, p := range r.parents {
		p.conclude(any)
		if !p.rejected.ok() {
			t.Facts.Errorf(p.at.Origin, p.at.Field, p.rejected.reason, "%s", p.rejected.message)
		}
	}
	r.addTo(t, made)
}

// addTo adds the rules to the sockets, once for each listener.
func (r *route) addTo(t *translation, made map[madeFor]rules) {
	done := make(map[*listener]bool)
	for _, p := range r.parents {
		for _, a := range p.listeners {
			if done[a.listener] {
				continue
			}
			done[a.listener] = true
			if p.rejected.ok() {
				a.listener.attached++
			}
			s := t.socket(a.listener)
			s.add(r, a, made[t.madeFor(a)])
		}
	}
}

// conclude decides over the parent once the rules are known.
func (p *parent) conclude(made rules) {
	p.resolved, p.partly = made.resolved, made.dropped
	if made.none {
		p.rejected = p.rejected.or(made.dropped)
	}
}

// verdicts returns our entries of status.parents.
func (r *route) verdicts() []gatewayv1.RouteParentStatus {
	var all []gatewayv1.RouteParentStatus
	for _, p := range r.parents {
		all = append(all, gatewayv1.RouteParentStatus{
			ParentRef:      complete(*p.ref),
			ControllerName: snapshot.GatewayControllerName,
			Conditions:     p.conditions(r.object.GetGeneration()),
		})
	}
	return all
}

// complete fills in what a reference leaves open and the status should say.
func complete(ref gatewayv1.ParentReference) gatewayv1.ParentReference {
	group, kind := deref(ref.Group, gatewayv1.GroupName), deref(ref.Kind, kindGateway)
	ref.Group, ref.Kind = &group, &kind
	return ref
}

func (p *parent) conditions(generation int64) []metav1.Condition {
	conditions := []metav1.Condition{condition("Accepted", generation, p.rejected, "the route is served")}
	if !p.partly.ok() && p.rejected.ok() {
		conditions = append(conditions, warning("PartiallyInvalid", generation, fault{p.partly.reason, "Dropped Rule: " + p.partly.message}))
	}
	return append(conditions, condition("ResolvedRefs", generation, p.resolved, "all references are resolved"))
}

// id makes the ID of an ir.Route or an upstream-less part of the route.
func (r *route) id(parts ...string) string {
	id := strings.ToLower(r.kind) + "/" + r.object.GetNamespace() + "/" + r.object.GetName()
	for _, part := range parts {
		id += "/" + part
	}
	return id
}

func itoa(i int) string { return strconv.Itoa(i) }
