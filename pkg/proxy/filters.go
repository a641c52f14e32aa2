package proxy

import (
	"errors"
	"io"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// filterRequest runs the route's filters on the request.
func (x *exchange) filterRequest() *filter.Answer {
	chain := &x.route.Filters
	if chain.Empty() {
		return nil
	}
	x.showFilters(chain)
	return x.onRequest(chain)
}

// filterBackend runs the filters of the backend that was chosen.
func (x *exchange) filterBackend(f *table.BackendFilters) *filter.Answer {
	x.backendFilters, x.backendPages = &f.Chain, f.Pages
	x.showFilters(&f.Chain)
	return x.onRequest(&f.Chain)
}

// showFilters fills in what the filters of a chain see.
func (x *exchange) showFilters(chain *filter.Chain) {
	known := x.fx // What filters have found out so far stays.
	accepts := known.AcceptEncoding
	if accepts == nil && len(chain.ResponseBody) > 0 {
		accepts = x.joined("Accept-Encoding")
	}
	x.fx = filter.Exchange{
		Request: &x.req, Client: x.client, Secure: x.secure, Host: x.in.Host, Path: x.in.Path, Port: x.publicPort(), Authority: x.original.authority,
		RequestID: x.requestID, Route: x.route.ID, Version: x.served, Scratch: x.scratch, Wait: x.wait,
		Principal: known.Principal, Claims: known.Claims, Later: known.Later, Held: known.Held, Body: x.read,
		AcceptEncoding: accepts, MaxBodyBytes: x.bounds.body, RequestRate: x.bounds.request, ResponseRate: x.bounds.response,
	}
	if s := x.conn.secure; s != nil {
		x.fx.ServerName, x.fx.Subject, x.fx.Issuer, x.fx.Certificate, x.fx.ClientAuth = s.serverName, s.subject, s.issuer, s.certificate, s.auth
	}
}

func (x *exchange) onRequest(chain *filter.Chain) *filter.Answer {
	for _, f := range chain.RequestHead {
		if a := f.OnRequestHead(&x.fx); a != nil {
			x.scratch = x.fx.Scratch
			return a
		}
	}
	x.scratch = x.fx.Scratch
	x.bounds = bounds{body: x.fx.MaxBodyBytes, request: x.fx.RequestRate, response: x.fx.ResponseRate}
	return x.renormalize()
}

// joined returns the lines of a field of the request as one list.
func (x *exchange) joined(name string) (list []byte) {
	start := len(x.arena)
	for value, i, ok := x.Line(name, 0); ok; value, i, ok = x.Line(name, i) {
		switch {
		case list == nil:
			list = value
			continue
		case len(x.arena) == start:
			x.arena = append(x.arena, list...)
		}
		x.arena = append(append(x.arena, ", "...), value...)
		list = x.arena[start:len(x.arena):len(x.arena)]
	}
	return list
}

// renormalize brings a path that filters have changed into the one form that is
// forwarded, so that no rewrite makes dots or odd escapes of what was harmless.
func (x *exchange) renormalize() *filter.Answer {
	path := x.req.Path
	if len(path) == 0 || len(path) == len(x.in.Path) && &path[0] == &x.in.Path[0] {
		return nil
	}
	normal, err := match.NormalizePath(path, nil)
	if err != nil {
		return &filter.Answer{Status: faultPath.status, Reason: faultPath.reason}
	}
	x.req.Path = normal
	return nil
}

// filterResponse runs the filters on the response.
func (x *exchange) filterResponse() {
	if x.route == nil || x.unfiltered {
		return
	}
	for i := range x.fx.Later {
		if f := &x.fx.Later[i]; f.Due(x.resp.Status) {
			x.resp.Header.Add(f.Name, []byte(f.Value))
		}
	}
	x.eachChain((*exchange).onResponse)
}

// filterEndpoint runs the filters on the response as the endpoint gave it.
func (x *exchange) filterEndpoint() {
	if x.route != nil && !x.unfiltered {
		x.eachChain((*exchange).onEndpoint)
	}
}

// eachChain runs the filters of the backend, then those of the route.
func (x *exchange) eachChain(run func(*exchange, *filter.Chain)) {
	if x.backendFilters != nil {
		run(x, x.backendFilters)
	}
	run(x, &x.route.Filters)
}

func (x *exchange) onResponse(chain *filter.Chain) {
	if len(chain.ResponseHead) == 0 {
		return
	}
	x.showResponse()
	for _, f := range chain.ResponseHead {
		f.OnResponseHead(&x.fx)
	}
	x.scratch = x.fx.Scratch
}

func (x *exchange) onEndpoint(chain *filter.Chain) {
	if len(chain.EndpointHead) == 0 {
		return
	}
	x.showResponse()
	for _, f := range chain.EndpointHead {
		f.OnEndpointHead(&x.fx)
	}
	x.scratch = x.fx.Scratch
}

// showResponse lets filters see the response; x.scratch is theirs meanwhile.
func (x *exchange) showResponse() {
	x.fx.Request, x.fx.Response, x.fx.Version, x.fx.Scratch = &x.req, &x.resp, x.served, x.scratch
}

// encoder returns what the content of the response goes through, nil for nothing.
// It is asked for when the filters of the head have seen the response.
func (x *exchange) encoder() filter.Encoder {
	if x.route == nil || x.unfiltered || x.resp.NoBody {
		return nil
	}
	if x.backendFilters != nil {
		if e := x.onResponseBody(x.backendFilters); e != nil {
			return e
		}
	}
	return x.onResponseBody(&x.route.Filters)
}

func (x *exchange) onResponseBody(chain *filter.Chain) filter.Encoder {
	if len(chain.ResponseBody) == 0 {
		return nil
	}
	x.fx.Request, x.fx.Response = &x.req, &x.resp
	for _, f := range chain.ResponseBody {
		if e := f.OnResponseBody(&x.fx, &x.out); e != nil {
			return e
		}
	}
	return nil
}

// publicPort returns the port that the client asks on.
func (x *exchange) publicPort() uint16 {
	if l := x.table.Listener(x.conn.listener.name); l != nil && l.PublicPort != 0 {
		return l.PublicPort
	}
	if _, port, has := wire.SplitPort(x.req.Authority); has {
		n := 0
		for _, c := range port {
			if n = 10*n + int(c-'0'); n > 65535 {
				n = 0
				break
			}
		}
		if n > 0 {
			return uint16(n)
		}
	}
	if x.secure {
		return 443
	}
	return 80
}

// pause lets time pass; false means that the exchange should end. It is bound
// once, as x.wait.
func (x *exchange) pause(d time.Duration) bool {
	gone, stop := x.down.watch()
	defer stop()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-gone:
		return false
	case <-x.proxy.ctx.Done():
		return false
	}
}

// readBody reads the request's body and keeps it for the endpoint. It is bound once, as x.read.
func (x *exchange) readBody(limit int) ([]byte, error) {
	b := &x.body
	// It is the bound of the route, or a lower one of a filter that acts before.
	if max := x.fx.MaxBodyBytes; max > 0 && max < int64(limit) {
		limit = int(max)
	}
	if b.read || x.req.Length == 0 {
		if len(b.held) > limit {
			return nil, filter.ErrBodyTooLong
		}
		return b.held, nil
	}
	if x.req.Length > int64(limit) {
		return nil, filter.ErrBodyTooLong
	}
	if err := x.down.sendContinue(); err != nil {
		return nil, err
	}
	now := time.Now()
	body := x.down.body()
	for {
		if len(b.held) == cap(b.held) {
			b.held = append(b.held, 0)[:len(b.held)]
		}
		x.down.awaitRead(now, x.route.Timeouts.Idle, x.deadline)
		n, err := body.Read(b.held[len(b.held):cap(b.held)])
		b.held = b.held[:len(b.held)+n]
		switch {
		case len(b.held) > limit:
			return nil, filter.ErrBodyTooLong
		case errors.Is(err, io.EOF):
			b.read, x.req.Length = true, int64(len(b.held))
			return b.held, nil
		case err != nil:
			return nil, err
		}
		now = time.Now()
	}
}

// cut ends the exchange without a word, as a filter asks.
func (x *exchange) cut(reason string) *fault {
	return &fault{reason: reason, side: ofSluice, last: true}
}
