package upstream

import (
	"cmp"
	"slices"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
)

// PoolDump is what a pool holds at one moment, for the admin API.
type PoolDump struct {
	Key string `json:"key"`
	// Variant is what metrics tell the pool by from others of the same endpoints, empty for that
	// without settings of its own.
	Variant     string `json:"variant,omitempty"`
	Origin      string `json:"origin"`
	EndpointSet string `json:"endpointSet"`
	Protocol    string `json:"protocol"`
	// TLS says what endpoints must prove, empty where they are spoken with in clear text.
	TLS     string `json:"tls,omitempty"`
	Balance string `json:"balance"`
	// Health says how endpoints are judged, empty where their set is believed.
	Health string `json:"health,omitempty"`
	// Panic says that endpoints that are out serve, too, as the others are too few.
	Panic bool `json:"panic,omitempty"`
	// Breaker says when the circuit opens, empty where it never does; Circuit what it is.
	Breaker string `json:"breaker,omitempty"`
	Circuit string `json:"circuit,omitempty"`
	// RetryConstraint bounds retries over a time, empty where nothing does.
	RetryConstraint string         `json:"retryConstraint,omitempty"`
	References      int            `json:"references"`
	Endpoints       []EndpointDump `json:"endpoints"`
}

// EndpointDump is what is known of an endpoint at one moment.
type EndpointDump struct {
	Address string `json:"address"`
	State   string `json:"state"`
	// Out says why the endpoint is unready, empty where that is what its conditions say.
	Out    string `json:"out,omitempty"`
	Target string `json:"target,omitempty"`
	Zone   string `json:"zone,omitempty"`
	Node   string `json:"node,omitempty"`
	// ForZones are the zones that topology hints name.
	ForZones string `json:"forZones,omitempty"`
	// Weight is what EndpointSlices give it, 0 for none.
	Weight int `json:"weight,omitempty"`
	// Ejected says until when the endpoint gets no new request and why, empty where it does.
	Ejected string `json:"ejected,omitempty"`
	// Unhealthy says why it gets none by its probes, empty where it does.
	Unhealthy string `json:"unhealthy,omitempty"`
	InFlight  int64  `json:"inFlight"`
	// Latency is the moving average of its response times, where the strategy goes by them.
	Latency string `json:"latency,omitempty"`
	// Idle and Open count connections; Open includes idle ones.
	Idle int   `json:"idle"`
	Open int64 `json:"open"`
	// ConnectErrors counts since the endpoint appeared.
	ConnectErrors uint64 `json:"connectErrors"`
	// LastError is why it could not be connected to the last time that it could not, empty for never.
	LastError string `json:"lastError,omitempty"`
}

// Dump returns what the pools hold now, sorted by key.
func (r *Registry) Dump() []PoolDump {
	r.mu.Lock()
	defer r.mu.Unlock()
	dumps := make([]PoolDump, 0, len(r.pools))
	for key, p := range r.pools {
		d := PoolDump{
			Key:             key,
			Variant:         variantOf(p.spec.Endpoints, key),
			Origin:          p.spec.Origin.String(),
			EndpointSet:     p.spec.Endpoints,
			Protocol:        p.spec.Protocol.String(),
			TLS:             p.spec.TLS.String(),
			Balance:         p.spec.Balance.String(),
			Health:          p.spec.Health.String(),
			Panic:           p.list.Load().panic,
			Breaker:         p.spec.Breaker.String(),
			Circuit:         p.Circuit(),
			RetryConstraint: p.spec.RetryConstraint.String(),
			References:      p.refs,
			Endpoints:       []EndpointDump{},
		}
		for _, e := range p.list.Load().all {
			d.Endpoints = append(d.Endpoints, e.dump())
		}
		dumps = append(dumps, d)
	}
	slices.SortFunc(dumps, func(a, b PoolDump) int { return cmp.Compare(a.Key, b.Key) })
	return dumps
}

func (e *Endpoint) dump() EndpointDump {
	spec := e.spec.Load()
	latency := ""
	if average := e.member.Latency.Average(); average > 0 {
		latency = average.Round(time.Microsecond).String()
	}
	lastError := ""
	if failed := e.lastError.Load(); failed != nil {
		lastError = failed.Error()
	}
	unhealthy := ""
	if why := e.unhealthy.Load(); why != nil {
		unhealthy = *why
	}
	return EndpointDump{
		Address:       e.address,
		State:         spec.State.String(),
		Out:           spec.Out,
		Target:        spec.Target,
		Zone:          spec.Zone,
		Node:          spec.Node,
		ForZones:      spec.ForZones,
		Weight:        spec.Weight,
		Ejected:       e.ejected(),
		Unhealthy:     unhealthy,
		InFlight:      e.member.InFlight.Load(),
		Latency:       latency,
		Idle:          e.idleCount(),
		Open:          e.open.Load(),
		ConnectErrors: e.connectErrors.Load(),
		LastError:     lastError,
	}
}

// gauges calls yield with the numbers of each pool, for metrics.
func (r *Registry) gauges(yield func(metrics.UpstreamGauges)) {
	labels := make(labels)
	for _, p := range r.all() {
		list := p.list.Load()
		name, variant := labels.of(p)
		g := metrics.UpstreamGauges{Upstream: name, Variant: variant, Costed: p.policy.Load().Strategy == ir.Expression, CostErrors: p.costErrors.Load(), Judged: p.Judged(), Ejections: p.ejections.Load(), Panic: list.panic, Probed: p.probed.Load()}
		p.circuit(&g)
		for _, e := range list.all {
			switch e.spec.Load().State {
			case ir.EndpointReady:
				g.Ready++
			case ir.EndpointTerminating:
				g.Terminating++
			case ir.EndpointUnready:
				g.Unready++
			}
			if e.health.Out() {
				g.Ejected++
			}
			if e.unhealthy.Load() != nil {
				g.Unhealthy++
			}
			g.InFlight += e.member.InFlight.Load()
			g.Idle += int64(e.idleCount())
			g.Open += e.open.Load()
		}
		yield(g)
	}
}

// ejected says until when the endpoint is out and why, empty where it is not.
func (e *Endpoint) ejected() string {
	until := e.health.Until()
	if until.IsZero() {
		return ""
	}
	text := "until " + until.UTC().Format(time.RFC3339)
	still := e.stillOut.Load()
	if still != nil {
		text = "until a probe finds it well"
	}
	if why := e.ejectedFor.Load(); why != nil {
		text += " after " + *why
	}
	if still != nil {
		text += "; the last one: " + *still
	}
	return text
}
