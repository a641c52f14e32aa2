package gateway

import (
	"maps"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// The keys of a listener's tls.options. Lists are separated by commas.
const (
	optionMinVersion = "sluice.dev/tls-min-version"
	optionMaxVersion = "sluice.dev/tls-max-version"
	optionSuites     = "sluice.dev/tls-cipher-suites"
	optionCurves     = "sluice.dev/tls-curves"
)

// optionOf is the key of what a policy finds wrong.
var optionOf = map[string]string{"minVersion": optionMinVersion, "maxVersion": optionMaxVersion, "cipherSuites": optionSuites, "curves": optionCurves}

// isPolicyOption says that readTLSOptions reads a key.
func isPolicyOption(key string) bool {
	return key == optionMinVersion || key == optionMaxVersion || key == optionSuites || key == optionCurves
}

// readTLSOptions reads what handshakes of a listener are held to. One whose options cannot be
// kept is not served: it would let clients in by less than was asked for.
func (t *translation) readTLSOptions(l *listener) {
	if l.spec.TLS == nil {
		return
	}
	at := l.at.At(".tls.options")
	var words resolve.TLSWords
	for _, key := range slices.Sorted(maps.Keys(l.spec.TLS.Options)) {
		value := string(l.spec.TLS.Options[key])
		switch string(key) {
		case optionMinVersion:
			words.MinVersion = value
		case optionMaxVersion:
			words.MaxVersion = value
		case optionSuites:
			words.CipherSuites = splitOption(value)
		case optionCurves:
			words.Curves = splitOption(value)
		}
	}
	policy, field, problem := words.Policy()
	if problem != "" {
		t.refuse(&l.invalid, at.At("["+optionOf[field]+"]"), report.Invalid, problem)
		return
	}
	l.policy = policy
}

func splitOption(value string) []string {
	var list []string
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// tlsHosts returns the policies of the socket's listeners, none where no listener has one.
func (s *socket) tlsHosts() []ir.TLSHost {
	var hosts []ir.TLSHost
	said := false
	for _, l := range s.listeners {
		if l.spec.Protocol != gatewayv1.HTTPSProtocolType && l.spec.Protocol != gatewayv1.TLSProtocolType {
			continue
		}
		said = said || !l.policy.Zero()
		same := func(h ir.TLSHost) bool { return h.Host == l.hostname }
		if !slices.ContainsFunc(hosts, same) {
			hosts = append(hosts, ir.TLSHost{Host: l.hostname, Policy: l.policy, Client: l.client, Origin: l.at.Origin, Field: l.at.Field})
		}
	}
	if !said {
		return nil
	}
	return hosts
}
