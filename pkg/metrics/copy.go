package metrics

import "github.com/prometheus/client_golang/prometheus"

var descCopies = prometheus.NewDesc("sluice_mirror_requests_total",
	"Copies of requests by outcome: sent, failed, or dropped because they were too many or too long.", []string{"outcome"}, nil)

// Copied counts a copy of a request by its outcome: a word from a small set.
func (m *Metrics) Copied(outcome string) { m.copies.add(outcome) }
