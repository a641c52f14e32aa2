package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

var streamLabels = []string{"stream", "kind", "namespace", "name"}

var (
	descStreams = prometheus.NewDesc("sluice_stream_connections_total",
		"Connections and UDP sessions that were passed on without looking at their content.", streamLabels, nil)
	descStreamsOpen = prometheus.NewDesc("sluice_stream_connections_open",
		"Connections and UDP sessions that are passed on now.", streamLabels, nil)
	descStreamIn = prometheus.NewDesc("sluice_stream_received_bytes_total",
		"Bytes from clients that were passed on.", streamLabels, nil)
	descStreamOut = prometheus.NewDesc("sluice_stream_sent_bytes_total",
		"Bytes to clients that were passed on.", streamLabels, nil)
	descStreamsBroken = prometheus.NewDesc("sluice_streams_broken_total",
		"Connections and UDP sessions that Sluice did not pass on or broke off, by reason.", []string{"reason"}, nil)
)

var streamDescs = []*prometheus.Desc{descStreams, descStreamsOpen, descStreamIn, descStreamOut, descStreamsBroken}

// Stream counts what one stream passes on.
type Stream struct {
	id      string
	origin  Origin
	opened  atomic.Uint64
	closed  atomic.Uint64
	in, out atomic.Int64
}

// Opened counts a connection as open until Closed.
func (s *Stream) Opened() { s.opened.Add(1) }

// Closed ends what Opened began and counts the bytes from and to the client.
func (s *Stream) Closed(in, out int64) {
	s.in.Add(in)
	s.out.Add(out)
	s.closed.Add(1)
}

// Stream returns the handle of a stream. It stays the same one across tables
// until Retain drops it.
func (m *Metrics) Stream(id string, o Origin) *Stream {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.streams[id]
	if s == nil {
		s = &Stream{id: valid(id), origin: Origin{valid(o.Kind), valid(o.Namespace), valid(o.Name)}}
		m.streams[id] = s
	}
	return s
}

// StreamBroken counts a connection that was not passed on or broken off, by a word from a
// small set.
func (m *Metrics) StreamBroken(reason string) { m.streamsBroken.add(reason) }

// stream sends the metrics of a stream.
func (s sink) stream(t *Stream) {
	closed := t.closed.Load() // Before opened, so that the gauge is never negative.
	opened := t.opened.Load()
	labels := []string{t.id, t.origin.Kind, t.origin.Namespace, t.origin.Name}
	s.counter(descStreams, float64(opened), labels...)
	s.gauge(descStreamsOpen, float64(opened-closed), labels...)
	s.counter(descStreamIn, float64(t.in.Load()), labels...)
	s.counter(descStreamOut, float64(t.out.Load()), labels...)
}
