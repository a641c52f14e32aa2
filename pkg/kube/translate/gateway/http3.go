package gateway

import (
	"maps"
	"slices"
	"strconv"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/report"
)

// optionHTTP3 is the key of tls.options that says whether a listener of HTTPS serves HTTP/3 as well,
// "true" or "false"; without it --http3 decides.
const optionHTTP3 = "sluice.dev/http3"

// readOptions reads tls.options of a listener where TLS ends. What is not understood is told and
// has no effect.
func (t *translation) readOptions(l *listener) {
	https := l.spec.Protocol == gatewayv1.HTTPSProtocolType
	l.http3 = https && t.Options.HTTP3
	if l.spec.TLS == nil {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(l.spec.TLS.Options)) {
		at := l.at.At(".tls.options[" + strconv.Quote(string(key)) + "]")
		value := string(l.spec.TLS.Options[key])
		switch {
		case isPolicyOption(string(key)): // readTLSOptions reads it.
		case key != optionHTTP3:
			t.Facts.Warnf(at.Origin, at.Field, report.Unsupported, "the option is not known and has no effect")
		case value != "true" && value != "false":
			t.Facts.Warnf(at.Origin, at.Field, report.Unsupported, "%q is neither \"true\" nor \"false\", so the option has no effect", value)
		case !https:
			t.Facts.Warnf(at.Origin, at.Field, report.Unsupported, "HTTP/3 is served by listeners of the protocol HTTPS alone, so the option has no effect")
		default:
			l.http3 = value == "true"
		}
	}
}

// http3 says whether HTTP/3 is served on a port of TCP: one of the listeners that share it asks
// for it, and no listener of UDP has the port of that number.
func (g *gateway) http3(number int32) (served, taken bool) {
	wanted := false
	for _, l := range g.all() {
		if l.spec.Port != number || !l.programmedFault().ok() {
			continue
		}
		wanted = wanted || l.http3
		taken = taken || l.port().udp
	}
	return wanted && !taken, wanted && taken
}

// http3Port returns the port to bind for HTTP/3 of a socket, and whether it is served there.
func (t *translation) http3Port(s *socket) (port uint16, served bool) {
	served, taken := s.gateway.http3(s.port.number)
	if taken {
		t.Facts.Warnf(s.gateway.origin, "spec.listeners", report.Conflict, "HTTP/3 is not served on the port %d, as a listener of the protocol UDP has it", s.port.number)
	}
	if !served || s.port.udp {
		return 0, false
	}
	return uint16(s.gateway.targets[portKey{s.port.number, true}]), true
}
