package proxy

import (
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/table"
)

// serveVersion notes the version of the backend that was chosen; nil is none.
func (x *exchange) serveVersion(version *table.Version) {
	if version == nil {
		return
	}
	x.served = version.Name
	x.versioned = x.labels.version(x.proxy.metrics, version)
	x.versioned.Begin()
}

// tellVersion writes the version into the response, where the route wants that.
func (x *exchange) tellVersion() {
	if x.served == "" {
		return
	}
	if name := x.route.Tell(); name != "" {
		x.resp.Header.Set(name, []byte(x.served))
	}
}

// version returns the counter of a version that the route serves. It is looked
// up when it is used first.
func (l *labels) version(m *metrics.Metrics, version *table.Version) *metrics.Route {
	slot := &l.versions[version.Index]
	if known := slot.Load(); known != nil {
		return known
	}
	counter := m.Version(l.route, l.metric, version.Name)
	slot.Store(counter)
	return counter
}
