package gateway

import (
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// listener is a listener of a Gateway or of a ListenerSet.
type listener struct {
	gateway *gateway
	// set is the ListenerSet that it is of, nil for the Gateway's own.
	set  *listenerSet
	spec *gatewayv1.Listener
	at   resolve.Place
	// hostname is its host pattern.
	hostname string
	// kinds are the kinds of route that it takes.
	kinds []string
	// certificates are those that it answers with, for HTTPS and TLS that ends here.
	certificates []*resolve.Certificate
	// policy is what handshakes are held to.
	policy ir.TLSPolicy
	// client is what the port asks of clients' certificates.
	client ir.ClientAuth

	// http3 says that HTTP/3 is to be served as well.
	http3 bool

	// conflict, invalid and resolved say why it is in conflict, not accepted, or refers to what
	// cannot be used; idle says why it serves nothing although it is accepted.
	conflict, invalid, resolved, idle fault
	// overlap says which other listener's connections it may get.
	overlap fault
	// attached counts the routes.
	attached int32
	// claims are the host patterns that routes have, by kind of route, each with the first
	// that came.
	claims map[string]map[string]*route
}

func (l *listener) namespace() string { return l.at.Origin.Namespace }

// portKey is what listeners share a socket by.
type portKey struct {
	number int32
	udp    bool
}

func (l *listener) port() portKey {
	return portKey{l.spec.Port, l.spec.Protocol == gatewayv1.UDPProtocolType}
}

func (k portKey) String() string {
	if k.udp {
		return strconv.Itoa(int(k.number)) + "/udp"
	}
	return strconv.Itoa(int(k.number))
}

// readListener looks at a listener by itself.
func (t *translation) readListener(g *gateway, set *listenerSet, i int, spec *gatewayv1.Listener) *listener {
	at := g.at("spec.listeners" + index(i))
	if set != nil {
		at.Origin = set.origin
	}
	l := &listener{gateway: g, set: set, spec: spec, at: at}
	if spec.Hostname != nil {
		var err error
		if l.hostname, err = pattern(string(*spec.Hostname)); err != nil {
			t.refuse(&l.invalid, at.At(".hostname"), report.Unsupported, "the host name "+strconv.Quote(string(*spec.Hostname))+" "+err.Error())
		}
	}
	if spec.Port < 1 || spec.Port > 65535 {
		t.refuse(&l.invalid, at.At(".port"), report.PortUnavailable, "the port "+strconv.Itoa(int(spec.Port))+" is not between 1 and 65535")
	}
	t.readKinds(l)
	if l.terminates() {
		t.readCertificates(l)
		t.readOptions(l)
	}
	return l
}

// refuse notes the first fault of one sort, and reports each.
func (t *translation) refuse(f *fault, at resolve.Place, reason report.Reason, message string) {
	t.Facts.Errorf(at.Origin, at.Field, reason, "%s", message)
	*f = f.or(fault{reason, message})
}

// terminates reports whether TLS ends here.
func (l *listener) terminates() bool {
	switch l.spec.Protocol {
	case gatewayv1.HTTPSProtocolType:
		return true
	case gatewayv1.TLSProtocolType:
		return !l.passthrough()
	}
	return false
}

func (l *listener) passthrough() bool {
	return l.spec.Protocol == gatewayv1.TLSProtocolType && l.spec.TLS != nil && l.spec.TLS.Mode != nil && *l.spec.TLS.Mode == gatewayv1.TLSModePassthrough
}

// http reports whether HTTP is spoken, with TLS or without.
func (l *listener) http() bool {
	return l.spec.Protocol == gatewayv1.HTTPProtocolType || l.spec.Protocol == gatewayv1.HTTPSProtocolType
}

// kindsOf are the kinds of route that a protocol can carry.
func kindsOf(l *listener) []string {
	switch l.spec.Protocol {
	case gatewayv1.HTTPProtocolType, gatewayv1.HTTPSProtocolType:
		return []string{kindHTTPRoute, kindGRPCRoute}
	case gatewayv1.TLSProtocolType:
		return []string{kindTLSRoute}
	case gatewayv1.TCPProtocolType:
		return []string{kindTCPRoute}
	case gatewayv1.UDPProtocolType:
		return []string{kindUDPRoute}
	}
	return nil
}

// readKinds fills in the kinds of route that the listener takes.
func (t *translation) readKinds(l *listener) {
	possible := kindsOf(l)
	if possible == nil {
		t.refuse(&l.invalid, l.at.At(".protocol"), report.UnsupportedProtocol, "the protocol "+strconv.Quote(string(l.spec.Protocol))+" is none of HTTP, HTTPS, TLS, TCP and UDP")
		return
	}
	if l.spec.AllowedRoutes == nil || len(l.spec.AllowedRoutes.Kinds) == 0 {
		l.kinds = possible
		return
	}
	for i, k := range l.spec.AllowedRoutes.Kinds {
		group := gatewayv1.GroupName
		if k.Group != nil {
			group = string(*k.Group)
		}
		kind := string(k.Kind)
		if group != gatewayv1.GroupName || !slices.Contains(possible, kind) {
			t.refuse(&l.resolved, l.at.At(".allowedRoutes.kinds"+index(i)), report.InvalidRouteKinds,
				"a listener of the protocol "+string(l.spec.Protocol)+" cannot serve routes of the kind "+strconv.Quote(kind)+" of "+strconv.Quote(group))
			continue
		}
		if !slices.Contains(l.kinds, kind) {
			l.kinds = append(l.kinds, kind)
		}
	}
	if len(l.kinds) == 0 {
		l.idle = fault{report.Invalid, "it can serve no kind of route that it allows"}
	}
}

// supportedKinds is never nil, as the status needs it.
func (l *listener) supportedKinds() []gatewayv1.RouteGroupKind {
	kinds := make([]gatewayv1.RouteGroupKind, 0, len(l.kinds))
	for _, kind := range l.kinds {
		group := gatewayv1.Group(gatewayv1.GroupName)
		kinds = append(kinds, gatewayv1.RouteGroupKind{Group: &group, Kind: gatewayv1.Kind(kind)})
	}
	return kinds
}

// acceptedFault says why the listener is not accepted.
func (l *listener) acceptedFault() fault { return l.conflict.or(l.invalid) }

// programmedFault says why the listener does not serve.
func (l *listener) programmedFault() fault {
	switch {
	case !l.conflict.ok():
		return l.conflict
	case !l.invalid.ok():
		return fault{report.Invalid, l.invalid.message}
	}
	return l.idle
}

func (l *listener) conditions() []metav1.Condition {
	generation := l.gateway.object.Generation
	if l.set != nil {
		generation = l.set.object.Generation
	}
	conditions := []metav1.Condition{condition("Accepted", generation, l.acceptedFault(), "the listener is valid")}
	if l.conflict.ok() {
		conditions = append(conditions, metav1.Condition{
			Type: "Conflicted", Status: metav1.ConditionFalse, ObservedGeneration: generation,
			Reason: string(gatewayv1.ListenerReasonNoConflicts), Message: "no other listener is in its way",
		})
	} else {
		conditions = append(conditions, warning("Conflicted", generation, l.conflict))
	}
	if !l.overlap.ok() {
		conditions = append(conditions, warning("OverlappingTLSConfig", generation, l.overlap))
	}
	return append(conditions,
		condition("Programmed", generation, l.programmedFault(), "the listener serves"),
		condition("ResolvedRefs", generation, l.resolved, "all references are resolved"))
}
