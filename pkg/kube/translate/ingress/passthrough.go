package ingress

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// passOn passes the TLS of the hosts on to the back end of their path "/", as ssl-passthrough asks. As in
// ingress-nginx everything else of the object is for requests in clear text.
func (t *translation) passOn() {
	if !t.flag("ssl-passthrough", false) {
		return
	}
	at, _ := t.text("ssl-passthrough")
	if t.isCanary() {
		t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "connections are not divided, so a canary gets none that is passed on")
		return
	}
	passed := make(map[string]bool)
	for _, host := range t.hosts {
		if host == "" {
			t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "only connections for a host can be passed on, and a rule has none")
			continue
		}
		backend, field := t.root(host)
		if backend == nil {
			t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "the host %s has no path / whose back end connections could be passed on to, so its TLS ends here", host)
			continue
		}
		passed[host] = true
		share := t.bytesTo(backend)
		t.policies.WarnOfStream(share.Upstream, t.at(field))
		timeouts := t.Options.Timeouts
		t.fragment.Streams = append(t.fragment.Streams, ir.Stream{
			ID: t.id("passthrough", host), Origin: t.origin, Field: field, Host: host,
			Backends: []ir.WeightedUpstream{share},
			Timeouts: ir.Timeouts{Connect: timeouts.Connect, TunnelIdle: timeouts.TunnelIdle},
		})
	}
	if len(passed) > 0 {
		t.reportPassedBy(at)
		t.reportPaths(passed, at)
	}
}

// root returns the back end of a host's path "/", with its field; nil where there is none.
func (t *translation) root(host string) (backend *networkingv1.IngressBackend, field string) {
	for i := range t.object.Spec.Rules {
		rule := &t.object.Spec.Rules[i]
		if strings.ToLower(rule.Host) != host || rule.HTTP == nil {
			continue
		}
		for j := range rule.HTTP.Paths {
			if path := &rule.HTTP.Paths[j]; path.Path == "/" || path.Path == "" {
				return &path.Backend, "spec.rules[" + strconv.Itoa(i) + "].http.paths[" + strconv.Itoa(j) + "]"
			}
		}
	}
	return t.object.Spec.DefaultBackend, "spec.defaultBackend"
}

// bytesTo returns where the connections of a back end go. What is wrong with it has been reported for its
// path, and closes them.
func (t *translation) bytesTo(b *networkingv1.IngressBackend) ir.WeightedUpstream {
	closed := ir.WeightedUpstream{Weight: 1, FailStatus: 503, FailReason: "the back end names no port of a Service"}
	if b.Service == nil || (b.Service.Port.Number != 0) == (b.Service.Port.Name != "") {
		return closed
	}
	port := intstr.FromInt32(b.Service.Port.Number)
	if b.Service.Port.Name != "" {
		port = intstr.FromString(b.Service.Port.Name)
	}
	name := types.NamespacedName{Namespace: t.object.Namespace, Name: b.Service.Name}
	number, _, fault := t.FindService(name, port)
	if fault != (resolve.Fault{}) {
		closed.FailReason = fault.Message
		return closed
	}
	return ir.WeightedUpstream{Weight: 1, Upstream: t.ServiceUpstream(name, number)}
}

// ofClearText are annotations that are about requests in clear text anyway.
var ofClearText = []string{"ssl-passthrough", "ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash", "server-alias", "from-to-www-redirect"}

// reportPassedBy tells what does not count for connections that are passed on.
func (t *translation) reportPassedBy(at resolve.Place) {
	var idle, guards []string
	for _, name := range slices.Sorted(maps.Keys(t.object.Annotations)) {
		short, ours := strings.CutPrefix(name, Prefix)
		if !ours {
			short, ours = strings.CutPrefix(name, NginxPrefix)
		}
		a, value := find(short), t.object.Annotations[name]
		switch {
		case !ours || a == nil || a.Use == Idle || a.Use == Unsupported || slices.Contains(ofClearText, short) || value == "" || a.asIs(value):
		case guarding(a):
			guards = append(guards, name)
		default:
			idle = append(idle, name)
		}
	}
	if len(guards) > 0 {
		t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "connections are passed on to the back end whatever %s says, which counts for requests in clear text alone", strings.Join(guards, ", "))
	}
	if len(idle) > 0 {
		t.Facts.Infof(t.origin, at.Field, report.Unsupported, "what %s says counts for requests in clear text alone", strings.Join(idle, ", "))
	}
	for _, source := range t.chain.Sources() {
		t.Facts.Warnf(source.At.Origin, source.At.Field, report.Unsupported, "%s passes TLS on, so what is set here counts there for requests in clear text alone", t.origin)
	}
}

// reportPaths tells which paths of hosts that are passed on count for requests in clear text alone.
func (t *translation) reportPaths(passed map[string]bool, at resolve.Place) {
	var paths []string
	for i := range t.object.Spec.Rules {
		rule := &t.object.Spec.Rules[i]
		if rule.HTTP == nil || !passed[strings.ToLower(rule.Host)] {
			continue
		}
		for _, p := range rule.HTTP.Paths {
			if p.Path != "/" && p.Path != "" {
				paths = append(paths, rule.Host+p.Path)
			}
		}
	}
	if len(paths) > 0 {
		t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "nothing is seen of the paths of connections that are passed on, so these are for requests in clear text alone: %s", strings.Join(paths, ", "))
	}
}

// guarding says whether an annotation bounds who is served, and how much.
func guarding(a *Annotation) bool {
	if a.Use == Guards || a.Use == Snippet {
		return true
	}
	for _, word := range []string{"auth-", "source-range", "limit-", "satisfy"} {
		if strings.Contains(a.Name, word) {
			return true
		}
	}
	return false
}
