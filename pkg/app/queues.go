package app

import (
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
	"github.com/sluice-dev/sluice/pkg/metrics"
)

// newQueues makes the registry of limiters, and has its numbers shown.
func newQueues(m *metrics.Metrics) *queue.Registry {
	queues := queue.NewRegistry()
	m.Queues(func(yield func(metrics.QueueGauges)) {
		for _, s := range queues.Stats() {
			yield(metrics.QueueGauges{
				Key: s.Key, MaxActive: s.MaxActive, Active: s.Active, Waiting: s.Waiting,
				Full: s.Full, TimedOut: s.TimedOut, Gone: s.Gone, Unclassed: s.Unclassed,
				Bounds: queue.WaitBounds[:], Waits: s.Waits, Waited: s.Waited,
			})
		}
	})
	return queues
}

// newRates makes the registry of rate limits, and has its numbers shown.
func newRates(m *metrics.Metrics) *rate.Registry {
	rates := rate.NewRegistry()
	m.Rates(func(yield func(metrics.RateGauges)) {
		for _, s := range rates.Stats() {
			yield(metrics.RateGauges{Key: s.Key, Passed: s.Passed, Refused: s.Refused, Clients: s.Clients})
		}
	})
	return rates
}
