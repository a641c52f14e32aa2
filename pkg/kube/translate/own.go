package translate

import (
	"slices"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/gateway"
	"github.com/sluice-dev/sluice/pkg/report"
)

// own joins the listeners of Gateways whose port is one of the process's own with
// those, which serve Ingresses and ProxyRoutes to every host that no Gateway has.
// Without a cluster it is the same socket.
func (b *builder) own(found *gateway.Result) {
	if !b.Options.Offline {
		return
	}
	found.Listeners = slices.DeleteFunc(found.Listeners, func(l ir.Listener) bool {
		for i := range b.config.Listeners {
			to := &b.config.Listeners[i]
			port := b.Options.OwnHTTP
			if to.Name == ir.ListenerHTTPS {
				port = b.Options.OwnHTTPS
			}
			if l.Port != port || port == 0 || l.Protocol == ir.UDP {
				continue
			}
			if to.Protocol != l.Protocol || to.TLS.Client != l.TLS.Client {
				b.Facts.Errorf(l.Origin, "spec.listeners", report.PortUnavailable,
					"the port %d of this host serves %s to everyone, so the %s listeners of the port %d are not served (--port-map)", port, to.Protocol, l.Protocol, l.PublicPort)
				return true
			}
			if l.HTTP3 && !to.HTTP3 {
				b.Facts.Warnf(l.Origin, "spec.listeners", report.Unsupported,
					"the port %d of this host is that of --https-addr, which serves HTTP/3 with --http3 alone", port)
			}
			b.join(to, l, found.RouteSets)
			return true
		}
		return false
	})
	// Sets that are part of another one now have no listener of their own.
	used := make(map[string]bool)
	for _, list := range [][]ir.Listener{b.config.Listeners, found.Listeners} {
		for i := range list {
			for _, s := range list[i].Scopes {
				used[s.RouteSet] = true
			}
		}
	}
	found.RouteSets = slices.DeleteFunc(found.RouteSets, func(s ir.RouteSet) bool { return !used[s.Name] })
}

// join adds the scopes of a listener to one of the process's own. What a Gateway
// serves to every host stands behind what Ingresses and ProxyRoutes do, and like that is
// served by both of the process's own listeners.
func (b *builder) join(to *ir.Listener, l ir.Listener, sets []ir.RouteSet) {
	if to.RouteSet != "" {
		to.Scopes, to.RouteSet = []ir.Scope{{RouteSet: to.RouteSet}}, ""
	}
	for _, s := range l.Scopes {
		if s.Host != "" {
			to.Scopes = append(to.Scopes, s)
			continue
		}
		i := slices.IndexFunc(sets, func(r ir.RouteSet) bool { return r.Name == s.RouteSet })
		b.appendRoutes(sets[i])
	}
	to.Streams = append(to.Streams, l.Streams...)
	for _, binding := range l.TLS.Bindings {
		i := slices.IndexFunc(to.TLS.Bindings, func(o ir.TLSBinding) bool { return o.Host == binding.Host })
		if i < 0 {
			to.TLS.Bindings = append(to.TLS.Bindings, binding)
			continue
		}
		to.TLS.Bindings[i] = binding // The scope is the Gateway's.
	}
	for _, host := range l.TLS.Hosts {
		i := slices.IndexFunc(to.TLS.Hosts, func(o ir.TLSHost) bool { return o.Host == host.Host })
		if i < 0 {
			to.TLS.Hosts = append(to.TLS.Hosts, host)
			continue
		}
		to.TLS.Hosts[i] = host
	}
	if to.TLS.Default == "" {
		to.TLS.Default = l.TLS.Default
	}
}

// appendRoutes adds routes to those of the process's own listeners.
func (b *builder) appendRoutes(set ir.RouteSet) {
	to := &b.config.RouteSets[0]
	for _, host := range set.Hosts {
		i := slices.IndexFunc(to.Hosts, func(h ir.Host) bool { return h.Pattern == host.Pattern })
		if i < 0 {
			to.Hosts = append(to.Hosts, host)
			continue
		}
		to.Hosts[i].Routes = append(to.Hosts[i].Routes, host.Routes...)
	}
}
