package translate

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/gateway"
	"github.com/sluice-dev/sluice/pkg/kube/translate/ingress"
	"github.com/sluice-dev/sluice/pkg/kube/translate/policies"
	"github.com/sluice-dev/sluice/pkg/kube/translate/proxyroute"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

// routeSet is the name of the one set that both of the process's listeners serve.
const routeSet = "default"

// Options are what a translation takes besides the objects.
type Options = resolve.Options

// AlternativeDomain makes every host of one domain answer in another, too.
type AlternativeDomain = resolve.AlternativeDomain

// ParseAlternativeDomain reads DOMAIN=DOMAIN.
func ParseAlternativeDomain(text string) (AlternativeDomain, error) {
	return resolve.ParseAlternativeDomain(text)
}

// Memo keeps parsed certificates from one translation to the next (Options.Memo).
type Memo = resolve.Memo

// DefaultOptions returns the options of `sluice controller` without flags,
// apart from Now.
func DefaultOptions() Options { return resolve.DefaultOptions() }

// NewMemo returns an empty memo.
func NewMemo() *Memo { return resolve.NewMemo() }

// Translate returns what is to be served, what the status of the objects of the
// Gateway API should say, and the facts about what is not served.
func Translate(s *snapshot.Snapshot, o Options) (*ir.Config, *verdict.Set, *report.Set) {
	facts := &report.Set{}
	r := resolve.New(s, &o, facts)
	set := policies.New(r)
	fragments := append(ingress.Translate(r, set), proxyroute.Translate(r, set)...)
	byAge(fragments)

	streams := mergeStreams(fragments, facts)
	hosts := mergeRoutes(fragments, facts)
	certificates := mergeBindings(fragments, facts)
	streams = streamsOfAlternatives(streams, hosts, o.AlternativeDomains)
	alternatives(hosts, certificates, o.AlternativeDomains)
	tlsHosts := policiesOfAlternatives(mergePolicies(fragments, facts), o.AlternativeDomains)
	redirect(hosts, certificates, &o)

	b := builder{Resolver: r, upstreams: make(map[string]bool), certificates: make(map[string]bool)}
	b.listeners(certificates)
	b.config.Listeners[1].TLS.Hosts = tlsHosts
	b.routes(hosts)
	fromGateways := gateway.Translate(r, set)
	fromGateways.Verdicts.Policies = append(fromGateways.Verdicts.Policies, set.Verdicts()...)
	b.own(&fromGateways)
	b.pass(streams)
	b.config.Listeners = append(b.config.Listeners, fromGateways.Listeners...)
	b.config.RouteSets = append(b.config.RouteSets, fromGateways.RouteSets...)
	b.refer()
	reportWeights(s, &b.config, facts)
	reportPods(s, &b.config, facts)
	reportClaims(&b.config, facts)
	if o.ReportEndpoints {
		reportEndpoints(s, &b.config, o.Mapped, facts)
	}
	ir.Canonical(&b.config)
	return &b.config, fromGateways.Verdicts, facts
}

// redirect adds the filter that redirects to HTTPS where it is asked for.
func redirect(hosts map[string][]*resolve.Route, certificates bindings, o *Options) {
	filters := []ir.Filter{&ir.RedirectHTTPS{Status: 308, Port: o.HTTPSPort}}
	for host, routes := range hosts {
		covered := certificates.cover(host)
		for _, route := range routes {
			if route.Redirect == resolve.RedirectAlways || route.Redirect == resolve.RedirectCovered && covered {
				route.Filters = append(filters[:1:1], route.Filters...)
			}
		}
	}
}

// builder fills a Config with what is served, and with the upstreams and
// certificates that this names.
type builder struct {
	*resolve.Resolver
	config                  ir.Config
	upstreams, certificates map[string]bool
}

func (b *builder) listeners(certificates bindings) {
	fallback := ""
	if name := b.Options.DefaultCertificate; name.Name != "" {
		// The flag belongs to no object, so the Secret itself is told.
		at := resolve.Place{Origin: report.Origin{Kind: "Secret", Namespace: name.Namespace, Name: name.Name}}
		if c := b.Certificate(name, at); c != nil {
			fallback = c.Name
		}
	}
	b.config.Listeners = []ir.Listener{
		{Name: ir.ListenerHTTP, Protocol: ir.HTTP, RouteSet: routeSet},
		{Name: ir.ListenerHTTPS, Protocol: ir.HTTPS, HTTP3: b.Options.HTTP3, RouteSet: routeSet, TLS: certificates.listener(fallback)},
	}
}

func (b *builder) certificate(name string) {
	if !b.certificates[name] {
		b.certificates[name] = true
		b.config.Certificates = append(b.config.Certificates, b.LoadedCertificate(name))
	}
}

func (b *builder) routes(hosts map[string][]*resolve.Route) {
	set := ir.RouteSet{Name: routeSet}
	for pattern, routes := range hosts {
		host := ir.Host{Pattern: pattern, Routes: make([]ir.Route, 0, len(routes))}
		for _, route := range routes {
			host.Routes = append(host.Routes, route.Route)
		}
		set.Hosts = append(set.Hosts, host)
	}
	b.config.RouteSets = []ir.RouteSet{set}
}

// refer adds the upstreams and certificates that listeners and routes name.
func (b *builder) refer() {
	for i := range b.config.Listeners {
		l := &b.config.Listeners[i]
		for j := range l.Streams {
			b.backends(l.Streams[j].Backends)
		}
		if l.TLS.Default != "" {
			b.certificate(l.TLS.Default)
		}
		for _, binding := range l.TLS.Bindings {
			for _, name := range binding.Certificates {
				b.certificate(name)
			}
		}
	}
	for i := range b.config.RouteSets {
		for j := range b.config.RouteSets[i].Hosts {
			routes := b.config.RouteSets[i].Hosts[j].Routes
			for k := range routes {
				b.route(&routes[k])
			}
		}
	}
}

// route adds the upstreams that a route names.
func (b *builder) route(r *ir.Route) {
	b.filters(r.Filters)
	if forward, ok := r.Action.(*ir.Forward); ok {
		b.backends(forward.Backends)
	}
}

// backends adds the upstreams that shares name.
func (b *builder) backends(list []ir.WeightedUpstream) {
	for _, backend := range list {
		b.upstream(backend.Upstream)
		b.filters(backend.Filters)
	}
}

// filters adds the upstreams that filters send requests to.
func (b *builder) filters(list []ir.Filter) {
	for _, f := range list {
		b.upstream(ir.FilterUpstream(f))
	}
}

// upstream adds an upstream, once; the empty key is none.
func (b *builder) upstream(key string) {
	if key == "" || b.upstreams[key] {
		return
	}
	b.upstreams[key] = true
	if u, found := b.Upstream(key); found {
		b.config.Upstreams = append(b.config.Upstreams, u)
		if u.TLS.Certificate != "" {
			b.certificate(u.TLS.Certificate)
		}
	}
}
