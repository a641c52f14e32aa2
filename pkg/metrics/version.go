package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var versionLabels = append(routeLabels[:4:4], "version")

var (
	descVersionRequests = prometheus.NewDesc("sluice_version_requests_total",
		"Requests that ended, by route, version of the back end and class of status.", append(versionLabels[:5:5], "status"), nil)
	descVersionDurations = prometheus.NewDesc("sluice_version_request_duration_seconds",
		"Time from the first byte of a request to the last of its response, by version of the back end.", versionLabels, nil)
	descVersionInFlight = prometheus.NewDesc("sluice_version_requests_in_flight",
		"Requests under way, by version of the back end.", versionLabels, nil)
)

var versionDescs = []*prometheus.Desc{descVersionRequests, descVersionDurations, descVersionInFlight}

// versionKey names the counters of one version of a route.
type versionKey struct{ route, version string }

// Version returns the handle that counts what one version of a route's back ends
// serves, beside the route's own. It stays the same one across tables until
// Retain drops the route.
func (m *Metrics) Version(route string, o Origin, version string) *Route {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := versionKey{route, version}
	r := m.versions[key]
	if r == nil {
		r = newRoute(route, o)
		r.version = valid(version)
		m.versions[key] = r
	}
	return r
}

// version sends the metrics of one version that has seen a request.
func (s sink) version(r *Route) {
	t, used := r.totals()
	if !used {
		return
	}
	labels := append(r.labels(), r.version)
	for i, class := range classes {
		if t.classes[i] > 0 {
			s.counter(descVersionRequests, float64(t.classes[i]), append(labels[:5:5], class)...)
		}
	}
	s.histogram(descVersionDurations, &t, labels...)
	s.gauge(descVersionInFlight, float64(t.inFlight), labels...)
}

// histogram sends the durations of a route or version.
func (s sink) histogram(d *prometheus.Desc, t *routeTotals, labels ...string) {
	below := make(map[float64]uint64, len(durationBounds))
	var sum uint64
	for i, bound := range durationBounds {
		sum += t.durations[i]
		below[bound] = sum
	}
	s <- prometheus.MustNewConstHistogram(d, t.requests, time.Duration(t.nanos).Seconds(), below, labels...)
}
