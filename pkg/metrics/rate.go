package metrics

import "github.com/prometheus/client_golang/prometheus"

// RateGauges are the numbers of one rate limit at one moment.
type RateGauges struct {
	Key             string
	Passed, Refused uint64
	// Clients is how many are remembered.
	Clients int
}

var (
	descRateDecisions = prometheus.NewDesc("sluice_ratelimit_decisions_total",
		"Requests that a rate limit let pass or refused.", []string{"limit", "decision"}, nil)
	descRateClients = prometheus.NewDesc("sluice_ratelimit_clients",
		"Clients that a rate limit remembers.", []string{"limit"}, nil)
)

// Rates says whom to ask for the numbers of rate limits at each scrape.
func (m *Metrics) Rates(each func(yield func(RateGauges))) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rates = each
}

func (s sink) rate(g RateGauges) {
	g.Key = valid(g.Key)
	s.counter(descRateDecisions, float64(g.Passed), g.Key, "passed")
	s.counter(descRateDecisions, float64(g.Refused), g.Key, "refused")
	s.gauge(descRateClients, float64(g.Clients), g.Key)
}
