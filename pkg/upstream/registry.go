package upstream

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
)

// Options are what a Registry can be told. The zero value is ready for use.
type Options struct {
	// IdleTimeout bounds how long a connection is kept without a request; 0 means 60 s.
	IdleTimeout time.Duration
	// MaxAge bounds how old a connection may be when it is used again; 0 means 1 h.
	MaxAge time.Duration
	// Limits bound what endpoints may send; nil means h1's defaults.
	Limits *h1.Limits
	// AllowLocalNames allows names that resolve to addresses of this machine or
	// of its link (loopback, link-local, unspecified, multicast). They are refused otherwise, since whoever
	// can write a name into an object could reach Sluice's own ports and the cloud's
	// metadata address with it. Literal addresses are not affected.
	AllowLocalNames bool
	// ResolveFor is how long a resolved name is used without asking again; 0 means 5 s.
	ResolveFor time.Duration
	// Resolve looks up a name; nil means the system's resolver.
	Resolve func(ctx context.Context, name string) ([]netip.Addr, error)
	// Dial makes a connection; nil means TCP.
	Dial func(ctx context.Context, address netip.AddrPort) (net.Conn, error)
	// Metrics is told of failed connections and asked for nothing; it may be nil.
	Metrics *metrics.Metrics
}

// Registry holds the pools and the endpoint sets of the process.
type Registry struct{}

// NewRegistry makes an empty registry. It owns a goroutine, which Close ends.
func NewRegistry(o Options) *Registry { return &Registry{} }

// Close ends the registry's goroutine and closes idle connections. Connections in use finish.
func (r *Registry) Close() {}

// Acquire returns the pool of u.Key, which is made if it is not there, and adds
// a reference to it. A pool that is there already takes over what u says.
func (r *Registry) Acquire(u ir.Upstream) *Pool { return &Pool{} }

// SetEndpoints puts endpoint sets in the place of those with the same keys.
func (r *Registry) SetEndpoints(sets ...ir.EndpointSet) {}

// RemoveEndpoints drops endpoint sets; pools that use one have no endpoint from then on.
func (r *Registry) RemoveEndpoints(keys ...string) {}

// Endpoints returns the endpoint sets by key. The sets' contents are read-only.
func (r *Registry) Endpoints() map[string]ir.EndpointSet { return nil }

// Dump returns what the pools hold now, sorted by key.
func (r *Registry) Dump() []PoolDump { return nil }
