package gateway

import (
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// findConflicts compares the listeners of a Gateway, its own first and then those of its
// ListenerSets, and refuses those that an earlier one is in the way of. Of two
// listeners of the Gateway itself, too, the first stays.
func (t *translation) findConflicts(g *gateway) {
	all := g.all()
	for i, l := range all {
		if !l.invalid.ok() {
			continue
		}
		for _, first := range all[:i] {
			if first.acceptedFault().ok() && first.port() == l.port() {
				t.compare(first, l)
			}
			if !l.conflict.ok() {
				break
			}
		}
	}
}

// compare looks at two listeners of one port.
func (t *translation) compare(first, l *listener) {
	switch {
	case family(first.spec.Protocol) != family(l.spec.Protocol):
		t.refuse(&l.conflict, l.at.At(".protocol"), report.ProtocolConflict,
			fmt.Sprintf("%s speaks %s on the port %d, which does not go with %s", first, first.spec.Protocol, first.spec.Port, l.spec.Protocol))
	case first.hostname == l.hostname || family(l.spec.Protocol) == byPort:
		t.refuse(&l.conflict, l.at.At(".hostname"), report.HostnameConflict,
			fmt.Sprintf("%s has the port %d and %s already", first, first.spec.Port, written(first.hostname)))
	case family(l.spec.Protocol) == bySNI && (covers(first.hostname, l.hostname) || covers(l.hostname, first.hostname)):
		first.overlaps(l)
		l.overlaps(first)
	case family(l.spec.Protocol) == bySNI && (first.certifies(l) || l.certifies(first)):
		first.sharesCertificate(l)
		l.sharesCertificate(first)
	}
}

// overlaps tells a listener that a client may use one connection for its
// host name and for another listener's (RFC 9110 section 15.5.20).
func (l *listener) overlaps(other *listener) {
	if l.overlap.ok() {
		l.overlap = fault{report.OverlappingHostnames, fmt.Sprintf("its host name overlaps with that of %s; a request that comes over a connection for the other one is answered 421", other)}
	}
}

// certifies reports whether a certificate of the listener covers the host name of another one.
func (l *listener) certifies(other *listener) bool {
	name := other.hostname
	if suffix(name) != "" {
		name = name[1:]
	}
	return name != "" && slices.ContainsFunc(l.certificates, func(c *resolve.Certificate) bool { return c.Covers(name) })
}

// sharesCertificate tells a listener that a client may take its connections for good
// enough for another one, or the other way round.
func (l *listener) sharesCertificate(other *listener) {
	if l.overlap.ok() {
		l.overlap = fault{report.OverlappingCertificates, fmt.Sprintf("a certificate covers the host names of this listener and of %s; a request that comes over a connection for the other one is answered 421", other)}
	}
}

// String names a listener for messages.
func (l *listener) String() string {
	return fmt.Sprintf("the listener %q of %s", l.spec.Name, l.at.Origin)
}

// The ways in which listeners share a port.
const (
	byPort = iota // not at all
	byHost
	bySNI
)

// family returns how listeners of a protocol share a port. Those of different
// families cannot.
func family(p gatewayv1.ProtocolType) int {
	switch p {
	case gatewayv1.HTTPProtocolType:
		return byHost
	case gatewayv1.HTTPSProtocolType, gatewayv1.TLSProtocolType:
		return bySNI
	}
	return byPort
}
