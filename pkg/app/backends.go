package app

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/status"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// backends returns what is known of the back ends of the ProxyRoutes that are served.
func (a *App) backends() map[report.Origin][]status.Backend {
	now := a.publisher.served.Load()
	if now == nil {
		return nil
	}
	return backendsOf(now.config, a.upstreams.InService())
}

// backendsOf finds the back ends of ProxyRoutes in a Config. Of back ends of equal name and
// version, such as one that several routes have with other settings, the worst counts.
func backendsOf(config *ir.Config, inService map[string]upstream.Service) map[report.Origin][]status.Backend {
	c := backendCollector{
		inService: inService,
		upstreams: make(map[string]*ir.Upstream, len(config.Upstreams)),
		all:       make(map[report.Origin][]status.Backend),
		at:        make(map[backendKey]int),
	}
	for i := range config.Upstreams {
		c.upstreams[config.Upstreams[i].Key] = &config.Upstreams[i]
	}
	for i := range config.Listeners {
		for j := range config.Listeners[i].Streams {
			s := &config.Listeners[i].Streams[j]
			c.forward(s.Origin, s.Backends)
		}
	}
	for i := range config.RouteSets {
		for j := range config.RouteSets[i].Hosts {
			host := &config.RouteSets[i].Hosts[j]
			for k := range host.Routes {
				c.route(&host.Routes[k])
			}
		}
	}
	return c.all
}

// backendCollector holds what backendsOf has found so far.
type backendCollector struct {
	inService map[string]upstream.Service
	upstreams map[string]*ir.Upstream
	all       map[report.Origin][]status.Backend
	// at is where a back end stands in the list of its object.
	at map[backendKey]int
}

// backendKey is what makes two back ends of an object one.
type backendKey struct {
	origin        report.Origin
	name, version string
}

func (c *backendCollector) route(route *ir.Route) {
	if forward, ok := route.Action.(*ir.Forward); ok {
		c.forward(route.Origin, forward.Backends)
	}
}

// forward adds the back ends that an object's requests or connections go to.
func (c *backendCollector) forward(origin report.Origin, backends []ir.WeightedUpstream) {
	if origin.Kind != "ProxyRoute" {
		return
	}
	for i := range backends {
		share := &backends[i]
		u := c.upstreams[share.Upstream]
		if u == nil {
			continue // What is missing is the business of ResolvedRefs.
		}
		s := c.inService[u.Key]
		c.add(origin, status.Backend{
			Name: backendName(u, origin), Version: share.Version, Ready: s.Ready, Total: s.Total, Idle: share.Unready || share.Weight == 0,
		})
	}
}

func (c *backendCollector) add(origin report.Origin, one status.Backend) {
	key := backendKey{origin, one.Name, one.Version}
	n, found := c.at[key]
	if !found {
		c.at[key] = len(c.all[origin])
		c.all[origin] = append(c.all[origin], one)
		return
	}
	before := &c.all[origin][n]
	before.Ready, before.Idle = min(before.Ready, one.Ready), before.Idle && one.Idle
}

// backendName returns the endpoint set's key without what its object need not be told: its own namespace,
// that the address is a fixed one, or by which label of its Pods a Service is several back ends, which
// their versions tell apart.
func backendName(u *ir.Upstream, object report.Origin) string {
	if name, fixed := strings.CutPrefix(u.Endpoints, "static:"); fixed {
		return name
	}
	name, _, _ := strings.Cut(u.Endpoints, "[")
	return strings.TrimPrefix(name, object.Namespace+"/")
}

// pacer calls a function once after a while, however often it is told to meanwhile.
type pacer struct {
	pending atomic.Bool
	after   time.Duration
	call    func()
}

// tell may be called by any goroutine, and does not block.
func (p *pacer) tell() {
	if p.pending.CompareAndSwap(false, true) {
		time.AfterFunc(p.after, func() {
			p.pending.Store(false)
			p.call()
		})
	}
}
