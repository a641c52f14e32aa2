// Package activelimit holds the filter that bounds how many requests each client has under way.
//
// In comes an ir.ActiveLimit and the registry that counts, which outlives tables; out comes a
// filter.RequestHead. Any goroutine may call it until Release.
package activelimit

import (
	"errors"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/active"
)

// Registry keeps the limiters of filters, by ir.ActiveLimit.Key, as long as one of them is there, so that
// what is under way is known when a table is swapped. The zero value is ready for use, by any goroutine.
type Registry struct {
	shared filter.Shared[*active.Limiter]
}

// Filter answers requests of clients that have too many under way with 503.
type Filter struct {
	spec    ir.ActiveLimit
	exempt  filter.Networks
	limiter *active.Limiter
	release func()
}

var (
	_ filter.RequestHead = (*Filter)(nil)
	_ filter.Releaser    = (*Filter)(nil)
)

// New makes the filter. It holds the limiter of spec.Key until Release.
func New(spec *ir.ActiveLimit, limits *Registry) (*Filter, error) {
	if spec.MaxActive <= 0 {
		return nil, errors.New("nobody may have a request under way")
	}
	if limits == nil {
		return nil, errors.New("there is nothing that counts requests")
	}
	exempt, err := filter.NewNetworks(spec.Exempt)
	if err != nil {
		return nil, err
	}
	limiter, release, err := limits.shared.Acquire(filter.DigestOf(spec.Key), func() (*active.Limiter, error) { return active.New(), nil })
	if err != nil {
		return nil, err
	}
	return &Filter{spec: *spec, exempt: exempt, limiter: limiter, release: release}, nil
}

// Release gives the limiter back.
func (f *Filter) Release() { f.release() }

var refused = filter.Answer{Status: 503, Reason: "too_many_active"}

// place is what a request holds until it is over.
type place struct {
	limiter *active.Limiter
	client  string
}

// Leave gives it back.
func (p place) Leave() { p.limiter.Leave(p.client) }

// OnRequestHead returns 503 for a client that has too many requests under way.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	if f.exempt.Contain(x.Client.Addr()) {
		return nil
	}
	client := string(filter.AppendClient(nil, x))
	if !f.limiter.Enter(client, f.spec.MaxActive) {
		return &refused
	}
	x.Held = append(x.Held, place{f.limiter, client})
	return nil
}
