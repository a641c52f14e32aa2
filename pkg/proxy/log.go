package proxy

import (
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// routeCounters are the metrics of one table's routes, looked up when a route
// is used first.
type routeCounters struct {
	table  *table.Table
	routes []atomic.Pointer[metrics.Route]
}

// counterOf returns a route's metrics.
func (p *Proxy) counterOf(t *table.Table, r *table.Route) *metrics.Route {
	counters := p.counters.Load()
	if counters == nil || counters.table != t {
		counters = &routeCounters{table: t, routes: make([]atomic.Pointer[metrics.Route], len(t.Routes()))}
		// Two exchanges may both come here; one look-up is then made twice. An
		// exchange that still holds the old table must not put it back for good.
		if p.holder.Load() == t {
			p.counters.Store(counters)
		}
	}
	slot := &counters.routes[r.Index]
	if m := slot.Load(); m != nil {
		return m
	}
	m := p.metrics.Route(r.ID, metrics.Origin{Kind: r.Origin.Kind, Namespace: r.Origin.Namespace, Name: r.Origin.Name})
	slot.Store(m)
	return m
}

// done counts and logs the exchange.
func (x *exchange) done() {
	x.ended = time.Now()
	took := x.ended.Sub(x.start)
	bytesIn := x.body.taken()
	if x.counter == nil {
		x.counter = x.proxy.metrics.Unrouted()
		x.counter.Begin()
	}
	x.counter.Observe(x.status, took, bytesIn, x.bytesOut)
	if x.fault != nil {
		x.reason = x.fault.reason
	}
	if x.reason != "" {
		x.proxy.metrics.Answered(x.reason)
	}
	if x.proxy.opts.AccessLog != nil {
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
	e.Referer = x.req.Header.Get("Referer")
	e.Reason = x.reason
	if x.fault != nil {
		e.Fault = string(x.fault.side)
	}
	if s := x.conn.secure; s != nil {
		e.TLS = s.version
	}
	if r := x.route; r != nil {
		e.Route, e.Origin = r.ID, originName(r.Origin)
	}
	if x.pool != nil {
		e.UpstreamKey = x.pool.Key()
	}
	if x.tries > 0 {
		e.Upstream = x.tried[x.tries-1].Address()
		e.Retries = x.tries - 1
		e.UpstreamDuration = x.ended.Sub(x.tryStart)
		if !x.headAt.IsZero() {
			e.FirstByte = x.headAt.Sub(x.tryStart)
		}
	}
	x.proxy.opts.AccessLog.Log(e)
}
