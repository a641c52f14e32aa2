package proxy

import (
	"cmp"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// labels are what metrics and log call a route, looked up when it is used first.
type labels struct {
	counter *metrics.Route
	origin  string

	route  string
	metric metrics.Origin
	// versions are the counters of the versions, by their index.
	versions []atomic.Pointer[metrics.Route]
}

// routeLabels are the labels of one table's routes.
type routeLabels struct {
	table  *table.Table
	routes []atomic.Pointer[labels]
}

// labelsOf returns a route's labels.
func (p *Proxy) labelsOf(t *table.Table, r *table.Route) *labels {
	all := p.labels.Load()
	if all == nil || all.table != t {
		all = &routeLabels{table: t, routes: make([]atomic.Pointer[labels], len(t.Routes()))}
		// An exchange that still holds the old table must not put it back. Where
		// two come here at once, one look-up is made twice.
		if p.holder.Load() == t {
			p.labels.Store(all)
		}
	}
	slot := &all.routes[r.Index]
	if known := slot.Load(); known != nil {
		return known
	}
	made := &labels{
		route:  r.ID,
		metric: metrics.Origin{Kind: r.Origin.Kind, Namespace: r.Origin.Namespace, Name: r.Origin.Name},

		versions: make([]atomic.Pointer[metrics.Route], r.Versions()),
	}
	made.counter = p.metrics.Route(r.ID, made.metric)
	if r.Origin != (report.Origin{}) {
		made.origin = r.Origin.String()
	}
	slot.Store(made)
	return made
}

// done counts and logs the exchange.
func (x *exchange) done() {
	x.ended = time.Now()
	took := x.ended.Sub(x.start)
	bytesIn := x.body.taken()
	var counter *metrics.Route
	if x.labels != nil {
		counter = x.labels.counter
	} else {
		counter = x.proxy.metrics.Unrouted()
		counter.Begin()
	}
	counter.Observe(x.status, took, bytesIn, x.bytesOut)
	if x.versioned != nil {
		x.versioned.Observe(x.status, took, bytesIn, x.bytesOut)
	}
	if x.fault != nil {
		x.reason, x.detail = x.fault.reason, ""
	}
	if x.reason != "" {
		x.proxy.metrics.Answered(x.reason)
	}
	if x.proxy.opts.AccessLog != nil && (x.route == nil || !x.route.Unlogged) {
		x.writeEntry(took, bytesIn)
	}
}

func (x *exchange) writeEntry(took time.Duration, bytesIn int64) {
	e := &x.entry
	e.Time = x.start
	e.Client = x.client
	e.Method, e.Host = x.req.Method, x.in.Host
	e.Path, e.Query, e.HasQuery = x.original.path, x.original.query, x.original.hasQuery
	e.Protocol = x.version.String()
	e.Status = x.status
	e.BytesIn, e.BytesOut = bytesIn, x.bytesOut
	e.Duration = took
	e.RequestID = x.requestID
	e.UserAgent = x.req.Header.GetKnown(wire.UserAgent)
	e.Principal = x.fx.Principal
	e.Referer = x.req.Header.Get("Referer")
	e.Reason = cmp.Or(x.detail, x.reason)
	if x.fault != nil {
		e.Fault = string(x.fault.side)
	}
	if s := x.conn.secure; s != nil {
		e.TLS = s.version
	}
	if r := x.route; r != nil {
		e.Route, e.Origin = r.ID, x.labels.origin
	}
	if x.pool != nil {
		e.UpstreamKey = x.pool.Key()
		e.Version = x.served
	}
	if x.tries > 0 {
		e.Upstream = x.last.Address()
		e.Retries = x.tries - 1
		e.UpstreamDuration = x.ended.Sub(x.tryStart)
		if !x.headAt.IsZero() {
			e.FirstByte = x.headAt.Sub(x.tryStart)
		}
	}
	x.proxy.opts.AccessLog.Log(e)
}
