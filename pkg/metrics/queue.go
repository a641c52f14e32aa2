package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// QueueGauges are the numbers of the limiter of a route at one moment.
type QueueGauges struct {
	Key                        string
	MaxActive, Active, Waiting int
	Full, TimedOut, Gone       uint64
	// Unclassed counts those whose class of priority could not be computed.
	Unclassed uint64
	// Waits counts waits by Bounds, the last one longer waits; Waited is their sum.
	Bounds []time.Duration
	Waits  []uint64
	Waited time.Duration
}

var (
	descQueueActive = prometheus.NewDesc("sluice_limit_active",
		"Requests that hold a slot of a limited route.", []string{"limit"}, nil)
	descQueueMax = prometheus.NewDesc("sluice_limit_max_active",
		"Slots of a limited route.", []string{"limit"}, nil)
	descQueueDepth = prometheus.NewDesc("sluice_queue_depth",
		"Requests that wait for a slot.", []string{"limit"}, nil)
	descQueueWait = prometheus.NewDesc("sluice_queue_wait_seconds",
		"Time that requests waited for a slot, of those that had to.", []string{"limit"}, nil)
	descQueueRejected = prometheus.NewDesc("sluice_queue_rejected_total",
		"Requests that got no slot, by reason.", []string{"limit", "reason"}, nil)
	descQueueUnclassed = prometheus.NewDesc("sluice_queue_priority_errors_total",
		"Requests whose class of priority could not be computed, so that they were of the last.", []string{"limit"}, nil)
)

var queueDescs = []*prometheus.Desc{descQueueActive, descQueueMax, descQueueDepth, descQueueWait, descQueueRejected, descQueueUnclassed}

// Queues says whom to ask for the numbers of limiters at each scrape.
func (m *Metrics) Queues(each func(yield func(QueueGauges))) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queues = each
}

func (s sink) queue(g QueueGauges) {
	g.Key = valid(g.Key)
	s.gauge(descQueueActive, float64(g.Active), g.Key)
	s.gauge(descQueueMax, float64(g.MaxActive), g.Key)
	s.gauge(descQueueDepth, float64(g.Waiting), g.Key)
	below := make(map[float64]uint64, len(g.Bounds))
	var sum uint64
	for i, n := range g.Waits {
		sum += n
		if i < len(g.Bounds) {
			below[g.Bounds[i].Seconds()] = sum
		}
	}
	s <- prometheus.MustNewConstHistogram(descQueueWait, sum, g.Waited.Seconds(), below, g.Key)
	s.counter(descQueueRejected, float64(g.Full), g.Key, "queue_full")
	s.counter(descQueueRejected, float64(g.TimedOut), g.Key, "queue_timeout")
	s.counter(descQueueRejected, float64(g.Gone), g.Key, "client_closed")
	s.counter(descQueueUnclassed, float64(g.Unclassed), g.Key)
}
