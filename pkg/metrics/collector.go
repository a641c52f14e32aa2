package metrics

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// collector turns the counters into Prometheus metrics at each scrape.
type collector Metrics

var _ prometheus.Collector = (*collector)(nil)

var (
	routeLabels    = []string{"route", "kind", "namespace", "name"}
	upstreamLabels = []string{"upstream", "variant"}
)

var (
	descRequests = prometheus.NewDesc("sluice_route_requests_total",
		"Requests that ended, by route and class of status; \"none\" got no response.", append(routeLabels[:4:4], "status"), nil)
	descDurations = prometheus.NewDesc("sluice_route_request_duration_seconds",
		"Time from the first byte of a request to the last of its response.", routeLabels, nil)
	descBytesIn = prometheus.NewDesc("sluice_route_request_bytes_total",
		"Bytes of request bodies.", routeLabels, nil)
	descBytesOut = prometheus.NewDesc("sluice_route_response_bytes_total",
		"Bytes of response bodies.", routeLabels, nil)
	descInFlight = prometheus.NewDesc("sluice_route_requests_in_flight",
		"Requests under way.", routeLabels, nil)
	descRetries = prometheus.NewDesc("sluice_route_retries_total",
		"Tries beyond the first.", routeLabels, nil)
	descAnswers = prometheus.NewDesc("sluice_answers_total",
		"Responses that Sluice gave itself, or cut off, by reason.", []string{"reason"}, nil)
	descConnects = prometheus.NewDesc("sluice_upstream_connect_errors_total",
		"Connections to endpoints that could not be made.", []string{"phase", "fault"}, nil)
	descOpened = prometheus.NewDesc("sluice_listener_connections_total",
		"Connections accepted.", []string{"listener"}, nil)
	descOpen = prometheus.NewDesc("sluice_listener_connections_open",
		"Connections of clients that are open.", []string{"listener"}, nil)
	descHandshakes = prometheus.NewDesc("sluice_listener_handshake_errors_total",
		"TLS handshakes that failed.", []string{"listener"}, nil)
	descHTTP2Ended = prometheus.NewDesc("sluice_http2_connections_ended_total",
		"HTTP/2 connections that Sluice ended because of what the client did, by fault.", []string{"fault"}, nil)
	descHTTP3Ended = prometheus.NewDesc("sluice_http3_connections_ended_total",
		"HTTP/3 connections that Sluice ended because of what the client did, by fault.", []string{"fault"}, nil)
	descTables = prometheus.NewDesc("sluice_table_compiled_total",
		"Tables compiled since the start.", nil, nil)
	descGeneration = prometheus.NewDesc("sluice_table_generation",
		"Number of the table that is served.", nil, nil)
	descTableTime = prometheus.NewDesc("sluice_table_timestamp_seconds",
		"When the table that is served was compiled, in Unix time.", nil, nil)
	descTableTook = prometheus.NewDesc("sluice_table_compile_duration_seconds",
		"How long compiling the table that is served took.", nil, nil)
	descTableRoutes = prometheus.NewDesc("sluice_table_routes",
		"Routes of the table that is served.", nil, nil)
	descEndpoints = prometheus.NewDesc("sluice_upstream_endpoints",
		"Endpoints of an upstream by state.", append(upstreamLabels[:2:2], "state"), nil)
	descTries = prometheus.NewDesc("sluice_upstream_requests_in_flight",
		"Tries under way.", upstreamLabels, nil)
	descConns = prometheus.NewDesc("sluice_upstream_connections",
		"Connections to endpoints by use.", append(upstreamLabels[:2:2], "use"), nil)
	descEjected = prometheus.NewDesc("sluice_upstream_endpoints_ejected",
		"Endpoints that get no new request, as too many failed there.", upstreamLabels, nil)
	descCostErrors = prometheus.NewDesc("sluice_balance_expression_errors_total",
		"Endpoints chosen by LeastRequest, as the expression gave no cost.", upstreamLabels, nil)
	descEjections = prometheus.NewDesc("sluice_upstream_ejections_total",
		"Ejections of endpoints.", upstreamLabels, nil)
	descBuffered = prometheus.NewDesc("sluice_body_buffer_bytes",
		"Bytes of bodies that are kept, of requests until they are complete, of responses until the client has them, in memory and on disk.", []string{"where"}, nil)
	descLogDropped = prometheus.NewDesc("sluice_access_log_dropped_total",
		"Access log lines that were dropped because the log could not be written fast enough.", nil, nil)
)

// Describe lists what Collect may send.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descRequests, descDurations, descBytesIn, descBytesOut, descInFlight, descRetries, descAnswers, descConnects,
		descOpened, descOpen, descHandshakes, descHTTP2Ended, descHTTP3Ended, descTables, descGeneration, descTableTime, descTableTook,
		descTableRoutes, descEndpoints, descTries, descConns, descEjected, descEjections, descCostErrors, descLogDropped, descBuffered, descCopies, descRateDecisions, descRateClients,
	} {
		out <- d
	}
	for _, d := range queueDescs {
		out <- d
	}
	for _, d := range slices.Concat(versionDescs, streamDescs, listenerDescs, healthDescs) {
		out <- d
	}
}

// sink sends metrics to Prometheus.
type sink chan<- prometheus.Metric

func (s sink) counter(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

// Collect sends the metrics of this moment.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := sink(out)
	c.mu.Lock()
	routes := slices.Collect(maps.Values(c.routes))
	versions := slices.Collect(maps.Values(c.versions))
	streams := slices.Collect(maps.Values(c.streams))
	listeners := slices.Collect(maps.Values(c.listeners))
	upstreams, queues, rates, logDropped, pressure, buffered, handshakes := c.upstreams, c.queues, c.rates, c.logDropped, c.pressure, c.buffered, c.handshakes
	c.mu.Unlock()

	s.route(c.unrouted)
	for _, r := range routes {
		s.route(r)
	}
	for _, v := range versions {
		s.version(v)
	}
	for _, t := range streams {
		s.stream(t)
	}
	for _, l := range listeners {
		s.listener(l)
	}
	c.answers.each(func(reason string, n uint64) { s.counter(descAnswers, float64(n), valid(reason)) })
	c.http2Ended.each(func(fault string, n uint64) { s.counter(descHTTP2Ended, float64(n), valid(fault)) })
	c.http3Ended.each(func(fault string, n uint64) { s.counter(descHTTP3Ended, float64(n), valid(fault)) })
	c.streamsBroken.each(func(reason string, n uint64) { s.counter(descStreamsBroken, float64(n), valid(reason)) })
	c.copies.each(func(outcome string, n uint64) { s.counter(descCopies, float64(n), outcome) })
	for i, outcome := range probeOutcomes {
		if n := c.probes[i].Load(); n > 0 {
			s.counter(descProbes, float64(n), outcome)
		}
	}
	for i, phase := range connectPhases {
		for j, fault := range faults {
			if n := c.connects[i][j].Load(); n > 0 {
				s.counter(descConnects, float64(n), phase, fault)
			}
		}
	}
	s.counter(descTables, float64(c.tables.Load()))
	if t := c.table.Load(); t != nil {
		s.table(t)
	}
	if upstreams != nil {
		upstreams(s.upstream)
	}
	if queues != nil {
		queues(s.queue)
	}
	if rates != nil {
		rates(s.rate)
	}
	if pressure != nil {
		s.pressure(pressure())
	}
	if buffered != nil {
		memory, disk := buffered()
		s.gauge(descBuffered, float64(memory), "memory")
		s.gauge(descBuffered, float64(disk), "disk")
	}
	if handshakes != nil {
		computed, waiting := handshakes()
		s.gauge(descHandshaking, float64(computed), "computed")
		s.gauge(descHandshaking, float64(waiting), "waiting")
	}
	if logDropped != nil {
		s.counter(descLogDropped, float64(logDropped()))
	}
}

// route sends the metrics of a route that has seen a request.
func (s sink) route(r *Route) {
	t, used := r.totals()
	if !used {
		return
	}
	labels := r.labels()
	for i, class := range classes {
		if t.classes[i] > 0 {
			s.counter(descRequests, float64(t.classes[i]), append(labels[:4:4], class)...)
		}
	}
	s.histogram(descDurations, &t, labels...)
	s.counter(descBytesIn, float64(t.bytesIn), labels...)
	s.counter(descBytesOut, float64(t.bytesOut), labels...)
	s.gauge(descInFlight, float64(t.inFlight), labels...)
	s.counter(descRetries, float64(t.retries), labels...)
}

func (s sink) table(t *compiled) {
	s.gauge(descGeneration, float64(t.generation))
	s.gauge(descTableTime, float64(t.at.UnixMilli())/1000)
	s.gauge(descTableTook, t.took.Seconds())
	s.gauge(descTableRoutes, float64(t.routes))
}

func (s sink) upstream(g UpstreamGauges) {
	g.Upstream, g.Variant = valid(g.Upstream), valid(g.Variant)
	s.gauge(descEndpoints, float64(g.Ready), g.Upstream, g.Variant, "ready")
	s.gauge(descEndpoints, float64(g.Terminating), g.Upstream, g.Variant, "terminating")
	s.gauge(descEndpoints, float64(g.Unready), g.Upstream, g.Variant, "unready")
	s.gauge(descTries, float64(g.InFlight), g.Upstream, g.Variant)
	s.health(&g)
	s.balance(&g)
	s.gauge(descConns, float64(g.Idle), g.Upstream, g.Variant, "idle")
	s.gauge(descConns, float64(g.Open-g.Idle), g.Upstream, g.Variant, "busy")
}
