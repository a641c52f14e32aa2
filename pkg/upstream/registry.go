package upstream

import (
	"cmp"
	"context"
	"crypto/tls"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// Registry holds the pools and the endpoint sets of the process.
type Registry struct {
	opts  Options
	names *names
	// shared bounds endpoints that speak HTTP/2.
	shared *h2.Options
	stop   chan struct{}
	done   chan struct{}
	close  sync.Once
	// ctx ends probes.
	ctx    context.Context
	cancel context.CancelFunc
	// asking are the goroutines that probe. One is added only while mu is held and closed is false.
	asking sync.WaitGroup

	// mu guards what follows and the parts of a Pool that say so. An Endpoint's
	// lock may be taken while it is held, never the other way round.
	mu    sync.Mutex
	pools map[string]*Pool
	sets  map[string]ir.EndpointSet
	// users are the pools that use an endpoint set, by its key.
	users map[string]map[*Pool]struct{}
	// watches are the probes that are made at intervals.
	watches map[watchKey]*watch
	// closed says that endpoints keep no connections any more.
	closed bool
}

// NewRegistry makes an empty registry. It owns a goroutine, which Close ends.
func NewRegistry(o Options) *Registry {
	o = o.complete()
	r := &Registry{
		opts:   o,
		names:  newNames(o),
		shared: sharedOptions(&o),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
		pools:  make(map[string]*Pool),
		sets:   make(map[string]ir.EndpointSet),
		users:  make(map[string]map[*Pool]struct{}),

		watches: make(map[watchKey]*watch),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	if o.Metrics != nil {
		o.Metrics.Upstreams(r.gauges)
	}
	go r.sweep()
	return r
}

// Close ends the registry's goroutines and closes idle connections. Connections
// in use finish and are closed by Put. Further calls do nothing.
func (r *Registry) Close() {
	r.close.Do(func() {
		close(r.stop)
		<-r.done
		r.names.close()
		r.mu.Lock()
		r.closed = true
		r.cancel()
		r.mu.Unlock()
		r.asking.Wait()
		for _, p := range r.all() {
			p.retire()
		}
	})
}

// Acquire returns the pool of u.Key, which is made if it is not there, and adds
// a reference to it. A pool that is there already takes over what u says, for
// those too who acquired it before.
func (r *Registry) Acquire(u ir.Upstream) *Pool { return r.AcquireAs(u, nil) }

// AcquireAs is Acquire with the certificate that u.TLS names, for endpoints that
// ask for one; nil where it names none.
func (r *Registry) AcquireAs(u ir.Upstream, client *tls.Certificate) *Pool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pools[u.Key]
	if p == nil {
		p = newPool(r, u.Key)
		r.pools[u.Key] = p
	}
	p.refs++
	p.maxIdle.Store(int64(u.MaxIdlePerEndpoint))
	p.policy.Store(&u.Balance)
	p.goByCost(&u.Balance)
	p.set.Store(&u.Endpoints)
	p.breakBy(u.Breaker)
	p.constrainBy(u.RetryConstraint)
	secured := p.secure(&u, client)
	judged := p.judgeBy(&u, client)
	if p.refs == 1 || secured || judged || p.spec.Endpoints != u.Endpoints || p.spec.Balance != u.Balance {
		r.leave(p)
		r.join(p, u.Endpoints)
		for _, e := range p.adopt(r.sets[u.Endpoints].Endpoints) {
			e.retire()
		}
	}
	p.spec = u
	return p
}

// release drops one reference to p and, with the last one, p itself.
func (r *Registry) release(p *Pool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.refs == 0 {
		panic("upstream: pool " + p.key + " released more often than acquired")
	}
	p.refs--
	if p.refs > 0 {
		return
	}
	r.leave(p)
	delete(r.pools, p.key)
	p.unwatch()
	p.retire()
}

// join and leave enter and strike p in the users of an endpoint set; mu is held.
func (r *Registry) join(p *Pool, set string) {
	if r.users[set] == nil {
		r.users[set] = make(map[*Pool]struct{})
	}
	r.users[set][p] = struct{}{}
}

func (r *Registry) leave(p *Pool) {
	users := r.users[p.spec.Endpoints]
	delete(users, p)
	if len(users) == 0 {
		delete(r.users, p.spec.Endpoints)
	}
}

// SetEndpoints puts endpoint sets in the place of those with the same keys and
// leaves the other sets alone. Every pool that uses a set picks from the new one
// as soon as the call returns. An endpoint whose address stays keeps its
// connections; one that goes away loses its idle ones, and those in use finish.
// The sets must not be changed afterwards. It need not be known whether any pool
// uses a set: endpoints come before the table that needs them.
func (r *Registry) SetEndpoints(sets ...ir.EndpointSet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, set := range sets {
		old, known := r.sets[set.Key]
		if known && slices.Equal(old.Endpoints, set.Endpoints) {
			continue
		}
		r.sets[set.Key] = set
		r.spread(set.Key, set.Endpoints)
	}
}

// RemoveEndpoints drops endpoint sets; pools that use one have no endpoint from then on.
func (r *Registry) RemoveEndpoints(keys ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		delete(r.sets, key)
		r.spread(key, nil)
	}
}

// spread hands a list of endpoints to the pools that use the set; mu is held.
func (r *Registry) spread(key string, endpoints []ir.Endpoint) {
	for p := range r.users[key] {
		for _, e := range p.adopt(endpoints) {
			e.retire()
		}
	}
}

// Endpoints returns the endpoint sets by key. The map is the caller's; what the
// sets hold is read-only.
func (r *Registry) Endpoints() map[string]ir.EndpointSet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.sets)
}

// all returns the pools in no order.
func (r *Registry) all() []*Pool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.pools), func(a, b *Pool) int { return cmp.Compare(a.key, b.key) })
}

// sweepsPerTimeout is how many times idle connections are looked at before
// their time is over, and so how late they may be closed.
const sweepsPerTimeout = 4

// sweep closes connections that have been idle for too long, until Close.
func (r *Registry) sweep() {
	defer close(r.done)
	ticker := time.NewTicker(max(r.opts.IdleTimeout/sweepsPerTimeout, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case now := <-ticker.C:
			for _, p := range r.all() {
				for _, e := range p.list.Load().all {
					e.sweep(now)
				}
			}
			r.names.sweep(now)
		}
	}
}
