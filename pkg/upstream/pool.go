package upstream

import (
	"crypto/tls"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
	"github.com/sluice-dev/sluice/pkg/upstream/breaker"
)

// Pool is the live side of one ir.Upstream.
type Pool struct {
	registry *Registry
	key      string
	turn     balance.RoundRobin
	list     atomic.Pointer[list]
	// policy is that of the newest Acquire.
	policy atomic.Pointer[ir.Balance]
	// set is the key of the endpoint set.
	set atomic.Pointer[string]
	// maxIdle bounds the idle connections of one endpoint.
	maxIdle atomic.Int64

	// tls is how endpoints are spoken with; nil is in clear text.
	tls atomic.Pointer[tls.Config]
	// multiplexed says that requests share connections, by HTTP/2.
	multiplexed atomic.Bool
	// announces is the version of the PROXY protocol that connections begin with, 0 for none.
	announces atomic.Uint32

	budget Budget
	// cost is that of the strategy Expression; nil where it has none. costErrors counts picks that it
	// could not decide.
	cost       atomic.Pointer[balance.Cost]
	costErrors atomic.Uint64
	// passive says when endpoints are ejected; nil: never.
	passive   atomic.Pointer[ir.Passive]
	ejections atomic.Uint64
	// probed says that there is a prober.
	probed  atomic.Bool
	breaker atomic.Pointer[breaker.Breaker]
	// constraint bounds retries over a time; nil: nothing does.
	constraint atomic.Pointer[Constraint]

	// What follows is guarded by registry.mu.

	// prober makes the probes of its endpoints, nil where there are none.
	prober *prober
	// panicPercent is ir.Health.PanicPercent.
	panicPercent int

	refs int
	spec ir.Upstream
	// client is the certificate in tls.
	client *tls.Certificate
	byID   map[endpointID]*Endpoint
	// watchers are told of changes of list.
	watchers map[*func()]struct{}
}

// endpointID is what makes an endpoint the same one in two lists.
type endpointID struct {
	address  netip.AddrPort
	hostname string
}

// list is the endpoints of a pool at one moment. It never changes.
type list struct {
	// serving are those that may be picked: the ready ones, or where there is none,
	// those that are terminating but still serve, without those that are out.
	serving []*Endpoint
	// panic says that those that are out serve, too, as the others are too few.
	panic bool
	// members are what strategies know of them, in the same order.
	members []*balance.Member
	// weights are theirs, nil where the strategy knows none.
	weights *balance.Weighted
	// all are in the order of the endpoint set.
	all []*Endpoint
	// anywhere are the serving ones of every zone: sessions stay where they are.
	anywhere []*Endpoint
	// sessions are these by ID, made when first asked for.
	sessions struct {
		once sync.Once
		byID map[SessionID]*Endpoint
	}
}

func newPool(r *Registry, key string) *Pool {
	p := &Pool{registry: r, key: key, byID: make(map[endpointID]*Endpoint)}
	p.list.Store(new(list))
	p.policy.Store(new(ir.Balance))
	return p
}

// Key returns the upstream's key.
func (p *Pool) Key() string { return p.key }

// Size returns how many endpoints may be picked now.
func (p *Pool) Size() int { return len(p.list.Load().serving) }

// Release gives back a reference from Acquire. The pool's idle connections are
// closed with the last one; those in use finish. To release more often than
// was acquired panics.
func (p *Pool) Release() { p.registry.release(p) }

// adopt makes endpoints the pool's list and returns the endpoints that went
// away. registry.mu is held.
func (p *Pool) adopt(endpoints []ir.Endpoint) (gone []*Endpoint) {
	all := make([]*Endpoint, 0, len(endpoints))
	byID := make(map[endpointID]*Endpoint, len(endpoints))
	now := time.Now()
	for i := range endpoints {
		spec := &endpoints[i]
		id := endpointID{spec.Address, spec.Hostname}
		if byID[id] != nil {
			continue
		}
		e := p.byID[id]
		if e == nil {
			e = newEndpoint(p, spec)
			e.retired = p.registry.closed
			e.shared.retired = e.retired
		}
		if began(e.spec.Load(), spec) {
			e.member.Begin(now)
		}
		e.spec.Store(spec)
		p.watch(e)
		byID[id] = e
		all = append(all, e)
	}
	for id, e := range p.byID {
		if byID[id] == nil {
			p.registry.unwatch(e)
			gone = append(gone, e)
		}
	}
	p.byID = byID
	p.arrangeOf(all)
	return gone
}

// retire makes all endpoints let go of their connections. Those who still hold
// the pool may pick on: they get connections that are closed after use.
func (p *Pool) retire() {
	for _, e := range p.list.Load().all {
		e.retire()
	}
}
