package resolve

import (
	"cmp"
	"strconv"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Resolver resolves references for one translation, and remembers what they led to.
type Resolver struct {
	Snapshot *snapshot.Snapshot
	Options  *Options
	// Facts takes what is wrong with references.
	Facts *report.Set

	upstreams    map[string]ir.Upstream
	certificates map[types.NamespacedName]*certificate
}

// New begins a translation.
func New(s *snapshot.Snapshot, o *Options, facts *report.Set) *Resolver {
	if o.Memo != nil {
		o.Memo.turn()
	}
	return &Resolver{
		Snapshot:     s,
		Options:      o,
		Facts:        facts,
		upstreams:    make(map[string]ir.Upstream),
		certificates: make(map[types.NamespacedName]*certificate),
	}
}

// Upstream returns an upstream that a reference led to.
func (r *Resolver) Upstream(key string) (ir.Upstream, bool) {
	u, found := r.upstreams[key]
	return u, found
}

// Place is a field of an object, for facts about it.
type Place struct {
	Origin report.Origin
	Field  string
	// otherwise is what becomes of it where a reference there leads nowhere; empty means that its
	// requests are answered 503.
	otherwise string
}

// Otherwise returns the place with what becomes of it where a reference there leads nowhere.
func (p Place) Otherwise(consequence string) Place {
	p.otherwise = consequence
	return p
}

// At returns a field below the place, such as ".service.port" or "[3]".
func (p Place) At(field string) Place {
	p.Field += field
	return p
}

// upstream enters an upstream under its key. That of the first reference stays.
func (r *Resolver) upstream(key string, origin report.Origin) string {
	if _, found := r.upstreams[key]; !found {
		r.upstreams[key] = ir.Upstream{
			Key:                key,
			Origin:             origin,
			Endpoints:          key,
			Protocol:           ir.UpstreamHTTP1,
			Balance:            ir.Balance{Strategy: ir.RoundRobin},
			MaxIdlePerEndpoint: r.Options.MaxIdlePerEndpoint,
		}
	}
	return key
}

// Balanced returns the key of the upstream that is like another apart from how it
// chooses endpoints. It has connections of its own, and shares the endpoints.
func (r *Resolver) Balanced(key string, balance ir.Balance) string {
	u, found := r.upstreams[key]
	if !found || u.Balance == balance {
		return key
	}
	return r.vary(key, func(u *ir.Upstream) { u.Balance = balance })
}

// Speaking returns the key of the upstream that is like another apart from the protocol
// that endpoints are spoken with.
func (r *Resolver) Speaking(key string, protocol ir.UpstreamProtocol) string {
	return r.vary(key, func(u *ir.Upstream) { u.Protocol = protocol })
}

// Announcing returns the key of the upstream that is like another one, but tells endpoints who the
// client is, by a version of the PROXY protocol; 0 is not at all.
func (r *Resolver) Announcing(key string, version uint8) string {
	return r.vary(key, func(u *ir.Upstream) { u.ProxyProtocol = version })
}

// Watched returns the key of the upstream that is like another apart from how its
// endpoints are judged.
func (r *Resolver) Watched(key string, health ir.Health) string {
	return r.vary(key, func(u *ir.Upstream) { u.Health = health })
}

// Broken returns the key of the upstream that is like another apart from when its circuit opens.
func (r *Resolver) Broken(key string, breaker ir.Breaker) string {
	return r.vary(key, func(u *ir.Upstream) { u.Breaker = breaker })
}

// Constrained returns the key of the upstream that is like another apart from how often its requests
// are tried again.
func (r *Resolver) Constrained(key string, c ir.RetryConstraint) string {
	return r.vary(key, func(u *ir.Upstream) { u.RetryConstraint = c })
}

// vary enters what change makes of an upstream, under a key of its own. What it differs
// in is what it has connections of its own for; the endpoints are shared.
func (r *Resolver) vary(key string, change func(*ir.Upstream)) string {
	u, found := r.upstreams[key]
	if !found {
		return key
	}
	change(&u)
	if next := keyOf(&u); next != key {
		u.Key = next
		r.upstreams[next] = u
	}
	return u.Key
}

// Secured returns the key of the upstream that is like another one, but over TLS.
func (r *Resolver) Secured(key string, tls ir.UpstreamTLS) string {
	return r.vary(key, func(u *ir.Upstream) { u.TLS = tls })
}

// keyOf makes an upstream's key of its endpoint set and of what differs from
// the plain upstream of that set. Keys of endpoint sets have no space.
func keyOf(u *ir.Upstream) string {
	key := u.Endpoints
	if u.Balance != (ir.Balance{}) {
		key += " " + u.Balance.String()
	}
	if h := u.Health.String(); h != "" {
		key += " " + h
	}
	if b := u.Breaker.String(); b != "" {
		key += " " + b
	}
	if c := u.RetryConstraint.String(); c != "" {
		key += " " + c
	}
	if u.Protocol != ir.UpstreamHTTP1 {
		key += " " + u.Protocol.String()
	}
	if u.ProxyProtocol != 0 {
		key += " proxy-v" + strconv.Itoa(int(u.ProxyProtocol))
	}
	if u.TLS.Enabled {
		key += " tls:" + u.TLS.Digest()
	}
	return key
}

// fail reports a reference that leads nowhere, and returns what answers instead.
func (r *Resolver) fail(at Place, reason report.Reason, message string) ir.WeightedUpstream {
	r.Facts.Errorf(at.Origin, at.Field, reason, "%s; %s", message, cmp.Or(at.otherwise, "its requests are answered 503"))
	return ir.WeightedUpstream{Weight: 1, FailStatus: 503, FailReason: message}
}
