package metrics

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// unroutedID is the label of requests that no route serves.
const unroutedID = "none"

// Metrics is the process's metrics.
type Metrics struct {
	registry *prometheus.Registry

	unrouted *Route
	answers  reasons
	copies   reasons
	// probes counts good and failed ones.
	probes [2]atomic.Uint64
	// http2Ended and http3Ended count connections by why they were ended.
	http2Ended, http3Ended reasons
	// streamsBroken counts streams by why they were broken off.
	streamsBroken reasons
	// connects counts failed connections by phase and fault.
	connects [len(connectPhases)][len(faults)]atomic.Uint64
	table    atomic.Pointer[compiled]
	tables   atomic.Uint64

	// mu guards what follows. It is not held while anything is counted.
	mu         sync.Mutex
	routes     map[string]*Route
	versions   map[versionKey]*Route
	streams    map[string]*Stream
	listeners  map[string]*Listener
	upstreams  func(yield func(UpstreamGauges))
	queues     func(yield func(QueueGauges))
	rates      func(yield func(RateGauges))
	logDropped func() uint64
	pressure   func() PressureGauges
	buffered   func() (memory, disk int64)
	handshakes func() (computed, waiting int)
}

// Origin names the object that a route comes from.
type Origin struct{ Kind, Namespace, Name string }

// UpstreamGauges are the numbers of one upstream at one moment.
type UpstreamGauges struct {
	// Upstream names the endpoints, and Variant tells upstreams of equal endpoints apart: a few
	// characters, empty for the one without settings of its own. Each pair comes once.
	Upstream, Variant           string
	Ready, Terminating, Unready int
	// Judged says that Ejected, how many are out, and Ejections, how many there were, count.
	Judged    bool
	Ejected   int
	Ejections uint64
	// Probed says that Unhealthy, how many are out by their probes, counts.
	Probed    bool
	Unhealthy int
	// Panic says that all endpoints serve, as too few are in service.
	Panic bool
	// Circuit is the state of its circuit: closed, open or half-open; empty where it has none, and
	// then how many times it opened and how many requests it refused do not count.
	Circuit                       string
	CircuitOpened, CircuitRefused uint64
	// Costed says that CostErrors, the picks that an expression could not decide, counts.
	Costed     bool
	CostErrors uint64
	// InFlight counts tries; Idle and Open count connections, Open the idle ones too.
	InFlight, Idle, Open int64
}

// compiled is what is known of the table that is served.
type compiled struct {
	generation uint64
	at         time.Time
	took       time.Duration
	routes     int
}

// The values of the labels of failed connections; the last of each is for any other.
var (
	connectPhases = [...]string{"resolve", "connect", "other"}
	faults        = [...]string{"upstream", "downstream", "internal", "other"}
)

// New makes an empty registry, with Go's and the process's own metrics in it.
func New() *Metrics {
	m := &Metrics{
		registry:  prometheus.NewRegistry(),
		unrouted:  &Route{id: unroutedID},
		routes:    make(map[string]*Route),
		versions:  make(map[versionKey]*Route),
		streams:   make(map[string]*Stream),
		listeners: make(map[string]*Listener),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		(*collector)(m),
	)
	return m
}

// Handler serves the metrics in the Prometheus formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Register adds metrics of others, such as those of a Kubernetes client. It
// panics where a name is taken.
func (m *Metrics) Register(c ...prometheus.Collector) { m.registry.MustRegister(c...) }

// Route returns the handle of a route. It stays the same one across tables
// until Retain drops it.
func (m *Metrics) Route(id string, o Origin) *Route {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[id]
	if r == nil {
		r = newRoute(id, o)
		m.routes[id] = r
	}
	return r
}

// Retain drops the handles of all that is not served any more; their metrics disappear. Served are the IDs of
// routes, with their versions, and of streams, and the names of listeners; listeners with open connections
// stay. A handle that is still in use counts on, unseen.
func (m *Metrics) Retain(served map[string][]string, listeners map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := func(id string) bool {
		_, is := served[id]
		return !is
	}
	maps.DeleteFunc(m.routes, func(id string, _ *Route) bool { return gone(id) })
	maps.DeleteFunc(m.streams, func(id string, _ *Stream) bool { return gone(id) })
	maps.DeleteFunc(m.versions, func(key versionKey, _ *Route) bool { return !slices.Contains(served[key.route], key.version) })
	maps.DeleteFunc(m.listeners, func(name string, l *Listener) bool { return !listeners[name] && !l.busy() })
}

// Unrouted is the handle for requests that no route serves; its ID is "none".
func (m *Metrics) Unrouted() *Route { return m.unrouted }

// Listener returns the handle of a listener, the same one for a name until Retain drops it.
func (m *Metrics) Listener(name string) *Listener {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.listeners[name]
	if l == nil {
		l = &Listener{name: valid(name)}
		m.listeners[name] = l
	}
	return l
}

// Answered counts an answer that Sluice gave itself, by its reason: a word from
// a small set, never anything that a client sent.
func (m *Metrics) Answered(reason string) { m.answers.add(reason) }

// HTTP2Ended counts an HTTP/2 connection that was ended because of what its client
// did, by the class of the fault: a word of package h2.
func (m *Metrics) HTTP2Ended(fault string) { m.http2Ended.add(fault) }

// HTTP3Ended is HTTP2Ended for HTTP/3, with a word of package h3.
func (m *Metrics) HTTP3Ended(fault string) { m.http3Ended.add(fault) }

// valid makes a text a label's value: Prometheus refuses to serve any metric
// as long as one value is not UTF-8.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// ConnectFailed counts a failed connection to an endpoint by phase ("resolve",
// "connect") and fault ("upstream", "downstream", "internal").
func (m *Metrics) ConnectFailed(phase, fault string) {
	m.connects[indexOf(connectPhases[:], phase)][indexOf(faults[:], fault)].Add(1)
}

// indexOf returns where the word is, and the last index where it is not.
func indexOf(words []string, word string) int {
	for i, w := range words {
		if w == word {
			return i
		}
	}
	return len(words) - 1
}

// TableCompiled tells of a new table: its number, when it was made, how long
// that took and how many routes it has.
func (m *Metrics) TableCompiled(generation uint64, at time.Time, took time.Duration, routes int) {
	m.tables.Add(1)
	m.table.Store(&compiled{generation: generation, at: at, took: took, routes: routes})
}

// LogDropped says whom to ask for the number of dropped access log lines.
func (m *Metrics) LogDropped(count func() uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.logDropped = count
}

// Buffered says whom to ask at each scrape how many bytes of bodies are kept.
func (m *Metrics) Buffered(held func() (memory, disk int64)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.buffered = held
}

// Upstreams says whom to ask for the numbers of upstreams: at each scrape, each
// is called with a function that it calls once for each upstream.
func (m *Metrics) Upstreams(each func(yield func(UpstreamGauges))) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.upstreams = each
}
