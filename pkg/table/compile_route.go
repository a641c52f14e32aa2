package table

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// route makes a route and gives it its index. It fails closed: where a filter or the
// action cannot be made, the route answers 500 to all that it matches.
func (c *compiler) route(host string, spec *ir.Route) *Route {
	r := &Route{
		ID:             spec.ID,
		Index:          len(c.table.routes),
		Origin:         spec.Origin,
		Field:          spec.Field,
		Host:           host,
		Connect:        spec.Connect,
		Timeouts:       spec.Timeouts,
		Retry:          &spec.Retry,
		MaxBodyBytes:   spec.MaxBodyBytes,
		Unlogged:       spec.Unlogged,
		BufferRequest:  spec.BufferRequest,
		BufferResponse: spec.BufferResponse,
		spellsOut:      spellsOut(&spec.Match.Path),
		spec:           spec,
	}
	c.table.routes = append(c.table.routes, r)
	made, err := c.chain(spec.Filters)
	if err == nil {
		err = c.action(r, spec.Action)
	}
	if err != nil {
		r.Respond = &ir.Respond{Status: 500, Reason: err.Error()}
		c.facts.Errorf(spec.Origin, spec.Field, report.Invalid, "every request is answered 500: %v", err)
		return r
	}
	r.Filters, r.Copies, r.Pages = made.Chain, made.Copies, made.Pages
	return r
}

// chain makes the filters and sorts them by phase.
func (c *compiler) chain(specs []ir.Filter) (*BackendFilters, error) {
	chain := new(BackendFilters)
	for i, spec := range specs {
		made, err := c.deps.Filters(spec)
		if err != nil {
			return nil, fmt.Errorf("filter %d cannot be made: %w", i, err)
		}
		if r, ok := made.(filter.Releaser); ok {
			c.table.pools.filters = append(c.table.pools.filters, r)
		}
		if err := c.connect(made, spec); err != nil {
			return nil, fmt.Errorf("filter %d: %w", i, err)
		}
		acts := chain.add(made)
		switch f := made.(type) {
		case filter.Copy:
			pool, ok := c.pool(ir.FilterUpstream(spec))
			if !ok {
				return nil, fmt.Errorf("filter %d: upstream %q is not defined", i, ir.FilterUpstream(spec))
			}
			chain.Copies, acts = append(chain.Copies, Copy{f, pool}), true
		case filter.ErrorPage:
			page := ErrorPage{ErrorPage: f}
			if f.Asks() {
				var ok bool
				if page.Pool, ok = c.pool(ir.FilterUpstream(spec)); !ok {
					return nil, fmt.Errorf("filter %d: upstream %q is not defined", i, ir.FilterUpstream(spec))
				}
			}
			chain.Pages, acts = append(chain.Pages, page), true
		}
		if !acts {
			return nil, fmt.Errorf("filter %d acts in no phase", i)
		}
	}
	slices.Reverse(chain.ResponseHead)
	slices.Reverse(chain.EndpointHead)
	slices.Reverse(chain.ResponseBody)
	return chain, nil
}

// add adds a filter to the phases in which it acts, and says whether there are any.
func (b *BackendFilters) add(made any) (acts bool) {
	if f, ok := made.(filter.RequestHead); ok {
		b.RequestHead, acts = append(b.RequestHead, f), true
	}
	if f, ok := made.(filter.ResponseHead); ok {
		b.ResponseHead, acts = append(b.ResponseHead, f), true
	}
	if f, ok := made.(filter.EndpointHead); ok {
		b.EndpointHead, acts = append(b.EndpointHead, f), true
	}
	if f, ok := made.(filter.ResponseBody); ok {
		b.ResponseBody, acts = append(b.ResponseBody, f), true
	}
	return acts
}

func (c *compiler) action(r *Route, spec ir.Action) error {
	switch a := spec.(type) {
	case *ir.Respond:
		if a == nil {
			break
		}
		if a.Status < 200 || a.Status > 599 {
			return fmt.Errorf("status %d is not between 200 and 599", a.Status)
		}
		r.Respond = a
		return nil
	case *ir.Forward:
		if a == nil {
			break
		}
		if err := c.forward(r, a); err != nil {
			return err
		}
		var err error
		if r.Admission, err = c.admission(r.spec.Limits); err != nil {
			return err
		}
		c.watchSeats(r)
		return nil
	}
	return errors.New("the route has no action")
}

// forward makes the choice among backends. One whose upstream is missing fails
// its own share only.
func (c *compiler) forward(r *Route, f *ir.Forward) error {
	var shares []share
	var weights []uint64
	nothing := &Failure{Status: 500, Word: reasonBackend, Reason: "no backend has a weight above 0"}
	for _, b := range f.Backends {
		switch {
		case b.Weight <= 0:
		case b.Unready:
			nothing = &Failure{Status: 503, Word: reasonBackend, Reason: "no backend is ready"}
		default:
			shares = append(shares, c.share(b))
			weights = append(weights, uint64(b.Weight))
		}
	}
	if len(shares) == 0 {
		r.choice = newChoice([]share{{failure: nothing}}, []uint64{1})
		return nil
	}
	r.choice = newChoice(shares, weights)
	if f.Sticky.Source != ir.StickyNone {
		r.sticky = &sticky{spec: &f.Sticky, upstreams: c.deps.Upstreams}
	}
	if f.Versioning != (ir.Versioning{}) {
		if slices.ContainsFunc(shares, func(s share) bool { return s.version == nil }) {
			return errors.New("a backend has no version, though requests name one")
		}
		r.versions = c.versions(f, shares, weights)
	}
	return nil
}

// reasonBackend is the word for a backend that cannot be used as it is written.
const reasonBackend = "backend_unusable"

func (c *compiler) share(b ir.WeightedUpstream) share {
	var s share
	if b.Version != "" {
		s.version = &Version{Name: b.Version}
	}
	if len(b.Filters) > 0 {
		made, err := c.chain(b.Filters)
		if err != nil {
			s.failure = &Failure{Status: 500, Word: reasonBackend, Reason: "the backend's " + err.Error()}
			return s
		}
		s.filters = made
	}
	if b.Upstream == "" {
		status := b.FailStatus
		if status < 500 || status > 599 {
			status = 500
		}
		s.failure = &Failure{Status: status, Word: reasonBackend, Reason: b.FailReason}
		return s
	}
	var ok bool
	if s.pool, ok = c.pool(b.Upstream); ok {
		balance := &c.upstreams[b.Upstream].Balance
		s.costs = balance.Strategy == ir.Expression
		if balance.Strategy == ir.Hash {
			s.hash = &balance.Hash
		}
	} else {
		s.failure = &Failure{Status: 500, Word: reasonBackend, Reason: "upstream " + b.Upstream + " is not defined"}
	}
	return s
}

// checkHeaders reports conditions that can never hold.
func (c *compiler) checkHeaders(r *ir.Route) {
	for _, h := range r.Match.Headers {
		if ir.ManagedHeader(h.Name) {
			c.facts.Errorf(r.Origin, r.Field, report.Unsupported,
				"no condition sees the header %s, which belongs to the connection, so that no request gets here", h.Name)
		}
	}
}

// matchRoute says a condition in the words of pkg/table/match.
func matchRoute(m *ir.Match) match.Route[*Route] {
	return match.Route[*Route]{
		Path:    match.Path{Kind: pathKind(m.Path.Kind), Value: m.Path.Value},
		Method:  m.Method,
		Headers: matchValues(m.Headers),
		Query:   matchValues(m.Query),
	}
}

// unknownKind is a kind that match.New refuses.
const unknownKind = 255

func pathKind(k ir.PathKind) match.PathKind {
	switch k {
	case ir.PathPrefix:
		return match.Prefix
	case ir.PathExact:
		return match.Exact
	case ir.PathRegex:
		return match.Regex
	}
	return unknownKind
}

func matchValues(list []ir.ValueMatch) []match.Value {
	if len(list) == 0 {
		return nil
	}
	values := make([]match.Value, len(list))
	for i, v := range list {
		values[i] = match.Value{Name: v.Name, Kind: valueKind(v.Kind), Value: v.Value}
	}
	return values
}

func valueKind(k ir.ValueKind) match.ValueKind {
	switch k {
	case ir.ValueExact:
		return match.Equal
	case ir.ValueRegex:
		return match.Matches
	case ir.ValuePresent:
		return match.Present
	}
	return unknownKind
}
