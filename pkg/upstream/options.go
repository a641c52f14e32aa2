package upstream

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
)

// How long connections to endpoints are kept where nothing else is said.
const (
	DefaultIdleTimeout = time.Minute
	DefaultMaxAge      = time.Hour
)

// Options are what a Registry can be told. The zero value is ready for use.
type Options struct {
	// IdleTimeout bounds how long a connection is kept without a request; 0 means DefaultIdleTimeout.
	IdleTimeout time.Duration
	// MaxAge bounds how old a connection may be when it is used again; 0 means DefaultMaxAge.
	MaxAge time.Duration
	// Limits bound what endpoints may send; nil means h1's defaults.
	Limits *h1.Limits
	// AllowLocalNames allows names that resolve to addresses of this machine or of
	// its link (loopback, link-local, unspecified, multicast). They are refused
	// otherwise: whoever can write a name into an object could reach Sluice's own
	// ports and the cloud's metadata address with it. Literal addresses are not
	// affected.
	AllowLocalNames bool
	// ResolveFor is how long a resolved name is used without asking again; 0 means 5 s.
	ResolveFor time.Duration
	// SessionKey signs what binds clients to endpoints, at least SessionKeySize bytes;
	// replicas that serve one client must share it. Nil makes one up, so that no other
	// process knows the sessions of this one.
	SessionKey []byte
	// Zone is the topology zone of this process, for pools that prefer it; empty where
	// it is not known.
	Zone string
	// Resolve looks up a name; nil means the system's resolver.
	Resolve func(ctx context.Context, name string) ([]netip.Addr, error)
	// Cost compiles the expression of the strategy Expression; with nil that is as LeastRequest.
	Cost func(expression string) (balance.Cost, error)
	// Dial makes a connection; nil means TCP.
	Dial func(ctx context.Context, address netip.AddrPort) (net.Conn, error)
	// Changed is called when endpoints came, went, or went in or out of service; it may be nil.
	// It must neither block nor call anything of the registry.
	Changed func()
	// Metrics is told of failed connections, and of the registry as the one to ask
	// for endpoints and connections; it may be nil.
	Metrics *metrics.Metrics
}

// complete returns o with its zeros replaced by the defaults.
func (o Options) complete() Options {
	if o.IdleTimeout == 0 {
		o.IdleTimeout = DefaultIdleTimeout
	}
	if o.MaxAge == 0 {
		o.MaxAge = DefaultMaxAge
	}
	if o.ResolveFor == 0 {
		o.ResolveFor = 5 * time.Second
	}
	if o.SessionKey == nil {
		o.SessionKey = newSessionKey()
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
	}
	if o.Dial == nil {
		// The zero Dialer sets TCP_NODELAY and keep-alive probes.
		dialer := new(net.Dialer)
		o.Dial = func(ctx context.Context, address netip.AddrPort) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", address.String())
		}
	}
	return o
}
