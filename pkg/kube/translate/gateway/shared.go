package gateway

import (
	"cmp"
	"slices"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// share joins the listeners of Gateways that want the same port of this host, where
// there is no cluster to give each Gateway an address of its own. Hosts that an
// older Gateway has at the port stay with it.
func (t *translation) share() {
	if !t.Options.Offline {
		return
	}
	type socket struct {
		port uint16
		udp  bool
	}
	first := make(map[socket]int)
	kept := t.listeners[:0:0]
	for i := range t.listeners {
		l := t.listeners[i]
		key := socket{l.Port, l.Protocol == ir.UDP}
		at, taken := first[key]
		if !taken {
			first[key] = len(kept)
			kept = append(kept, l)
			continue
		}
		t.join(&kept[at], l)
	}
	t.listeners = kept
}

// join adds what a listener serves to another one, as far as nothing is in its way.
func (t *translation) join(to *ir.Listener, l ir.Listener) {
	const apart = "in a cluster each Gateway has an address of its own, here they share the ports of this host (--port-map)"
	if secure(to.Protocol) != secure(l.Protocol) || to.Protocol == ir.TCP || to.Protocol == ir.UDP || to.TLS.Client != l.TLS.Client {
		t.Facts.Errorf(l.Origin, "spec.listeners", report.PortUnavailable, "%s has the port %d of this host already, so nothing is served on it: %s", to.Origin, to.Port, apart)
		return
	}
	if l.Protocol == ir.HTTPS {
		to.Protocol = ir.HTTPS
	}
	taken := func(host string) bool {
		return slices.ContainsFunc(to.Scopes, func(s ir.Scope) bool { return s.Host == host }) ||
			slices.ContainsFunc(to.Streams, func(s ir.Stream) bool { return s.Host == host })
	}
	refuse := func(host string) {
		t.Facts.Errorf(l.Origin, "spec.listeners", report.PortUnavailable, "%s has %s on the port %d of this host already, so it is not served: %s", to.Origin, written(host), to.Port, apart)
	}
	var scopes []ir.Scope
	var streams []ir.Stream
	for _, s := range l.Scopes {
		if taken(s.Host) {
			refuse(s.Host)
			continue
		}
		scopes = append(scopes, s)
	}
	for _, s := range l.Streams {
		if taken(s.Host) {
			refuse(s.Host)
			continue
		}
		streams = append(streams, s)
	}
	to.Scopes = append(to.Scopes, scopes...)
	to.Streams = append(to.Streams, streams...)
	for _, b := range l.TLS.Bindings {
		if !slices.ContainsFunc(to.TLS.Bindings, func(o ir.TLSBinding) bool { return o.Host == b.Host }) {
			to.TLS.Bindings = append(to.TLS.Bindings, b)
		}
	}
	to.TLS.Default = cmp.Or(to.TLS.Default, l.TLS.Default)
}

func secure(p ir.Protocol) bool { return p == ir.HTTPS || p == ir.TLS }
