package metrics

import "github.com/prometheus/client_golang/prometheus"

var (
	descProbes = prometheus.NewDesc("sluice_upstream_probes_total",
		"Probes of endpoints by outcome: good or failed.", []string{"outcome"}, nil)
	descUnhealthy = prometheus.NewDesc("sluice_upstream_endpoints_unhealthy",
		"Endpoints that get no new request, as their probes fail.", upstreamLabels, nil)
	descPanic = prometheus.NewDesc("sluice_upstream_panic",
		"1 where endpoints that are out serve, too, as the others are too few.", upstreamLabels, nil)
)

var (
	descCircuit = prometheus.NewDesc("sluice_upstream_circuit_state",
		"1 for the state that the circuit to an upstream is in.", append(upstreamLabels[:2:2], "state"), nil)
	descCircuitOpened = prometheus.NewDesc("sluice_upstream_circuit_opened_total",
		"How many times the circuit to an upstream opened.", upstreamLabels, nil)
	descCircuitRefused = prometheus.NewDesc("sluice_upstream_circuit_refused_total",
		"Requests that were not sent because the circuit was open.", upstreamLabels, nil)
)

var healthDescs = []*prometheus.Desc{descProbes, descUnhealthy, descPanic, descCircuit, descCircuitOpened, descCircuitRefused}

// circuitStates are the values of the label "state".
var circuitStates = [...]string{"closed", "open", "half-open"}

var probeOutcomes = [...]string{"failed", "good"}

// Probed counts a probe that an endpoint was asked at an interval.
func (m *Metrics) Probed(good bool) {
	if good {
		m.probes[1].Add(1)
		return
	}
	m.probes[0].Add(1)
}

// balance sends what is known of how an upstream's endpoints are chosen.
func (s sink) balance(g *UpstreamGauges) {
	if g.Costed {
		s.counter(descCostErrors, float64(g.CostErrors), g.Upstream, g.Variant)
	}
}

// health sends what is known of the health of an upstream.
func (s sink) health(g *UpstreamGauges) {
	if g.Judged {
		s.gauge(descEjected, float64(g.Ejected), g.Upstream, g.Variant)
		s.counter(descEjections, float64(g.Ejections), g.Upstream, g.Variant)
	}
	if g.Probed {
		s.gauge(descUnhealthy, float64(g.Unhealthy), g.Upstream, g.Variant)
	}
	if g.Judged || g.Probed {
		panics := 0.0
		if g.Panic {
			panics = 1
		}
		s.gauge(descPanic, panics, g.Upstream, g.Variant)
	}
	if g.Circuit == "" {
		return
	}
	for _, state := range circuitStates {
		is := 0.0
		if state == g.Circuit {
			is = 1
		}
		s.gauge(descCircuit, is, g.Upstream, g.Variant, state)
	}
	s.counter(descCircuitOpened, float64(g.CircuitOpened), g.Upstream, g.Variant)
	s.counter(descCircuitRefused, float64(g.CircuitRefused), g.Upstream, g.Variant)
}
