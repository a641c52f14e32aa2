package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Shed is why a client's connection was closed or refused so that others are served.
type Shed uint8

const (
	// ShedIdle: memory was short, and it waited for a request.
	ShedIdle Shed = iota
	// ShedRoom: the listener had as many as it may have, and it waited for a request.
	ShedRoom
	// ShedMemory: memory was short, and it was new.
	ShedMemory
	// ShedClient: its client had as many as one may have.
	ShedClient
	// ShedHandshake: too many handshakes waited, or it waited for too long.
	ShedHandshake
	// ShedSilent: it was new, and no request came in time.
	ShedSilent

	sheds
)

var shedWords = [sheds]string{"idle", "room", "memory", "client_limit", "handshakes", "silent"}

var (
	descShed = prometheus.NewDesc("sluice_listener_connections_shed_total",
		"Connections that were closed or refused so that others are served, by reason.", []string{"listener", "reason"}, nil)
	descFull = prometheus.NewDesc("sluice_listener_full_total",
		"Times that accepting waited since a listener had as many connections as it may have.", []string{"listener"}, nil)
	descPressure = prometheus.NewDesc("sluice_overload_level",
		"What is given up for want of memory: 0 nothing, 1 idle connections, 2 new ones too, 3 requests too.", nil, nil)
	descMemoryUsed = prometheus.NewDesc("sluice_overload_memory_used_bytes",
		"Memory that counts against the limit.", nil, nil)
	descMemoryLimit = prometheus.NewDesc("sluice_overload_memory_limit_bytes",
		"The memory that the process may use.", nil, nil)
)

var descHandshaking = prometheus.NewDesc("sluice_handshakes",
	"TLS handshakes that are computed at this moment, and that wait for it.", []string{"state"}, nil)

var listenerDescs = []*prometheus.Desc{descShed, descFull, descPressure, descMemoryUsed, descMemoryLimit, descHandshaking}

// Listener counts the connections of one listener.
type Listener struct {
	name             string
	opened, closed   atomic.Uint64
	handshakesFailed atomic.Uint64
	full             atomic.Uint64
	shed             [sheds]atomic.Uint64
}

// Opened counts a connection as open until Closed.
func (l *Listener) Opened() { l.opened.Add(1) }

// Closed ends what Opened began.
func (l *Listener) Closed() { l.closed.Add(1) }

// busy says that connections are open.
func (l *Listener) busy() bool {
	closed := l.closed.Load() // Before opened, which grows first.
	return l.opened.Load() > closed
}

// HandshakeFailed counts a TLS handshake that failed.
func (l *Listener) HandshakeFailed() { l.handshakesFailed.Add(1) }

// Full counts that accepting has to wait for a connection to end.
func (l *Listener) Full() { l.full.Add(1) }

// Shed counts a connection that was closed or refused.
func (l *Listener) Shed(why Shed) { l.shed[why].Add(1) }

func (s sink) listener(l *Listener) {
	// In this order, so that a connection opened meanwhile cannot make the gauge negative.
	closed := l.closed.Load()
	opened := l.opened.Load()
	s.counter(descOpened, float64(opened), l.name)
	s.gauge(descOpen, float64(opened-closed), l.name)
	s.counter(descHandshakes, float64(l.handshakesFailed.Load()), l.name)
	if n := l.full.Load(); n > 0 {
		s.counter(descFull, float64(n), l.name)
	}
	for why, word := range shedWords {
		if n := l.shed[why].Load(); n > 0 {
			s.counter(descShed, float64(n), l.name, word)
		}
	}
}

// PressureGauges are the numbers of the memory's watch at one moment.
type PressureGauges struct {
	Level       int
	Used, Limit uint64
}

// Pressure says whom to ask for the memory's watch at each scrape.
func (m *Metrics) Pressure(now func() PressureGauges) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pressure = now
}

func (s sink) pressure(g PressureGauges) {
	s.gauge(descPressure, float64(g.Level))
	s.gauge(descMemoryUsed, float64(g.Used))
	s.gauge(descMemoryLimit, float64(g.Limit))
}

// Handshakes says whom to ask at each scrape how many TLS handshakes are computed, and how many wait.
func (m *Metrics) Handshakes(now func() (computed, waiting int)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handshakes = now
}
