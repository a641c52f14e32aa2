package proxy

import (
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/sluice-dev/sluice/pkg/accesslog"
	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/upstream/breaker"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// exchange is one request and its response. It is pooled: open makes it ready,
// close gives it back. One goroutine owns it; the body's pump touches what is the pump's alone.
type exchange struct {
	life
	// req is the request as it came, and from forward on as it is sent.
	req wire.Request
	// resp is the response as it came from the endpoint or from us.
	resp wire.Response
	body requestBody
	out  outlet

	entry accesslog.Entry
	// Room for bytes that live as long as the exchange.
	idBuf   [requestIDLength]byte
	hostBuf []byte
	pathBuf []byte
	arena   []byte
	scratch []byte
	copies  copies
	// wait is x.pause, bound once.
	wait func(time.Duration) bool
	// read is x.readBody, bound once.
	read func(limit int) ([]byte, error)
	// renew is x.renewResponse, bound once.
	renew func()
}

// life is what an exchange forgets at its end.
type life struct {
	proxy *Proxy
	conn  *connection
	down  downstream

	// version is that of the client's request.
	version wire.Version
	// original is the target as it came.
	original target

	// in is what the route is chosen by.
	in    match.Input
	table *table.Table
	route *table.Route
	pool  *upstream.Pool
	// ask is what pool picks endpoints by.
	ask upstream.Ask
	// picked is when the try began, where pool is timed and the head has not come.
	picked time.Time
	// served is the version of the backend that was chosen, empty for none, and
	// versioned its counter.
	served    string
	versioned *metrics.Route
	// slot is the limiter that the exchange holds a slot of, nil for none.
	slot *queue.Limiter
	// seat is what came with the slot, and seated the endpoint in it that no try has used yet.
	seat   queue.Seat
	seated *upstream.Endpoint
	// circuit is the one that the exchange holds a ticket of, nil for none.
	circuit *breaker.Breaker
	ticket  breaker.Ticket
	fx      filter.Exchange
	// ahead is the response that is kept for a slow client, nil for none.
	ahead *ahead
	// bounds are those of the bodies, of the route and of filters.
	bounds bounds
	// backendFilters are those of the backend that was chosen, nil for none.
	backendFilters *filter.Chain

	// tried are the endpoints that were picked, last is the last one.
	tried     []*upstream.Endpoint
	triedRoom [usualTries]*upstream.Endpoint
	last      *upstream.Endpoint
	// budgeted says that the exchange holds a further try of the budget.
	budgeted bool
	// granted says that the budgets allow the next try, spent that the upstream's constraint does not.
	granted, spent bool
	tries          int
	// fresh says that the next try needs a new connection.
	fresh bool
	// unnamed says that the client named no host, so that the request has the endpoint's address for it.
	unnamed bool
	// reused says that the try got a connection that others used before.
	reused bool
	// up is the connection to the endpoint, while there is one.
	up upside

	client netip.AddrPort
	secure bool
	// fromTrusted says that the peer's X-Forwarded fields are believed.
	fromTrusted bool
	requestID   []byte

	start, tryStart, headAt, ended time.Time
	// deadline is when the exchange as a whole must be over; zero: never.
	deadline time.Time

	// status is what the client got, 0 as long as it got nothing.
	status   int
	bytesOut int64
	// backendPages are the error pages of the backend that was chosen, paged says that one
	// was asked for.
	backendPages []table.ErrorPage
	paged        bool
	// unfiltered says that filters are not to be called any more.
	unfiltered bool
	// headSent says that a final response was begun, so that no other can be.
	headSent bool
	// interim says that an informational response was passed on.
	interim bool
	fault   *fault
	// reason is the word for an answer of our own that is no fault, detail what
	// the log says in its place where it is not empty.
	reason, detail string
	labels         *labels
}

// bounds are those of the bodies of one exchange.
type bounds struct {
	// body is how long the request's body may be; 0: no bound.
	body int64
	// request and response are how fast they move.
	request, response filter.Rate
}

// target is a request's target as it came.
type target struct {
	path, query []byte
	hasQuery    bool
	authority   []byte
}

// newExchange makes an exchange for the pool.
func newExchange() *exchange {
	x := &exchange{hostBuf: make([]byte, 0, 256), pathBuf: make([]byte, 0, 512), arena: make([]byte, 0, 256)}
	x.renew, x.wait, x.read, x.out.x = x.renewResponse, x.pause, x.readBody, x
	x.body.reset()
	return x
}

// open makes the exchange ready, once the request's head was read or refused.
func (x *exchange) open(c *connection, down downstream) {
	x.proxy, x.conn, x.down = c.proxy, c, down
	x.version = x.req.Version
	x.original = target{x.req.Path, x.req.Query, x.req.HasQuery, x.req.Authority}
	x.client = c.client
	x.secure = c.secure != nil
}

// close gives the exchange back to the pool.
func (x *exchange) close() {
	p := x.proxy
	x.life = life{}
	x.req.Reset()
	x.resp.Reset()
	x.body.reset()
	x.entry = accesslog.Entry{}
	x.arena, x.scratch = x.arena[:0], x.scratch[:0]
	x.copies.reset()
	x.out.reset()
	p.exchanges.Put(x)
}

// serve runs the exchange and says whether the connection is still sound.
func (x *exchange) serve() (ok bool) {
	defer x.leave()
	defer func() {
		if thrown := recover(); thrown != nil {
			x.panicked(&panicked{thrown, debug.Stack()})
			ok = false
		}
	}()
	if f := x.run(); f != nil {
		x.fail(f)
	}
	x.done()
	return x.fault == nil || !x.fault.last
}

// leave gives back what the exchange still holds.
func (x *exchange) leave() {
	x.leaveCircuit(breaker.Unknown)
	x.leaveBudget()
	x.leaveSlot()
	for _, held := range x.fx.Held {
		held.Leave()
	}
	x.fx.Held = nil
}

// run is the way of a request: what it returns has not been answered yet.
func (x *exchange) run() *fault {
	p := x.proxy
	x.identify()
	if x.table = p.holder.Load(); x.table == nil {
		return faultNotReady
	}
	if x.overloaded() {
		return faultOverloaded
	}
	if f := x.checkTarget(); f != nil {
		return f
	}
	l := x.table.Listener(x.conn.listener.name)
	if l == nil {
		return faultNoRoute
	}
	if x.conn.misdirected(l, x.in.Host) {
		return faultMisdirected
	}
	if s := x.conn.secure; s != nil && s.elsewhere != "" {
		return x.answerFor(&filter.Answer{Status: 302, Reason: "client_certificate_required", Header: []filter.AnswerField{{Name: "Location", Value: s.elsewhere}}})
	}
	if f := x.findRoute(l); f != nil {
		return f
	}
	x.labels = p.labelsOf(x.table, x.route)
	x.labels.counter.Begin()
	if d := x.route.Timeouts.Request; d > 0 {
		x.deadline = x.start.Add(d)
	}
	if d, ok := x.grpcTimeout(); ok && (x.deadline.IsZero() || d < x.deadline.Sub(x.start)) {
		x.deadline = x.start.Add(d)
	}
	x.setForwarded()
	if x.bounds.body = x.route.MaxBodyBytes; x.bounds.body > 0 && x.req.Length > x.bounds.body {
		return faultBodyTooLarge
	}
	if a := x.filterRequest(); a != nil {
		return x.answerFor(a)
	}
	if r := x.route.Respond; r != nil {
		reason := "route_answer"
		if r.Status >= 500 {
			reason = "route_broken"
		}
		return x.respond(r.Status, reason, r.Reason, r.Body)
	}
	return x.delivered(x.forward())
}

// findRoute finds the route. A CONNECT needs one that asks for it.
func (x *exchange) findRoute(l *table.Listener) *fault {
	var err error
	x.route, err = l.FindSafely(&x.in)
	x.req.Path = x.in.Path
	switch {
	case err != nil && !x.proxy.opts.PassAmbiguous:
		x.route = nil
		return faultAmbiguous
	case string(x.req.Method) == "CONNECT" && (x.route == nil || !x.route.Connect):
		x.route = nil
		return faultConnectVerb
	case x.route == nil:
		return faultNoRoute
	}
	return nil
}

// fail ends the exchange with a fault: with an answer where one can still be
// given, else by cutting the response off.
func (x *exchange) fail(f *fault) {
	x.fault = f
	switch {
	case x.headSent:
		if !x.endGRPC(f) {
			x.down.abort()
		}
	case f.status == 0:
		x.down.abort()
	default:
		x.answerFault(f)
	}
}

// refuse answers a request whose head could not be read.
func (x *exchange) refuse(f *fault) {
	x.identify()
	x.fail(f)
	x.done()
}

// panicked ends an exchange whose code has thrown. The connection is lost; the
// process is not.
func (x *exchange) panicked(thrown *panicked) {
	x.proxy.log.Error("panic while serving a request", "error", thrown, "requestId", string(x.requestID),
		"host", string(x.in.Host), "path", string(x.original.path), "stack", string(thrown.stack))
	x.unfiltered = true
	x.body.abandon(x)
	x.abandonAhead()
	if x.up != nil {
		x.dropEndpoint()
	}
	defer func() {
		if again := recover(); again != nil {
			x.proxy.log.Error("panic while answering a panic", "error", again)
		}
	}()
	x.fail(faultPanic)
	x.done()
}

// identify finds out who asks: the client behind trusted proxies, and the
// request's ID.
func (x *exchange) identify() {
	x.fromTrusted = x.proxy.trusts(x.client.Addr())
	if x.fromTrusted {
		x.believe()
	}
	if id := x.req.Header.GetKnown(wire.XRequestID); x.fromTrusted && validRequestID(id) {
		x.requestID = id
	} else {
		makeRequestID(&x.idBuf)
		x.requestID = x.idBuf[:]
	}
}

// checkTarget brings host and path into the one form that is matched, logged and forwarded.
func (x *exchange) checkTarget() *fault {
	switch string(x.req.Method) {
	case "TRACE":
		return faultTrace
	}
	path, err := match.NormalizePath(x.req.Path, x.pathBuf[:0])
	if err != nil {
		return faultPath
	}
	host, err := match.NormalizeHost(x.req.Authority, x.hostBuf[:0])
	if err != nil {
		return faultHost
	}
	x.req.Path = path
	x.in = match.Input{Host: host, Path: path, Method: x.req.Method, Query: x.req.Query, Header: x, Client: x.client.Addr()}
	return nil
}

// Line implements match.Header.
func (x *exchange) Line(name string, from int) (value []byte, next int, ok bool) {
	fields := x.req.Header.Fields()
	for i := from; i < len(fields); i++ {
		if wire.EqualName(fields[i].Name, name) {
			return fields[i].Value, i + 1, true
		}
	}
	return nil, len(fields), false
}
