package proxy

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/sluice-dev/sluice/pkg/accesslog"
	"github.com/sluice-dev/sluice/pkg/limit/pressure"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/proxy/l4"
	"github.com/sluice-dev/sluice/pkg/proxy/spool"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
	"github.com/sluice-dev/sluice/pkg/wire/h3"
)

// Options are what a Proxy can be told. The zero value is ready for use.
type Options struct {
	// Timeouts bound what no route bounds.
	Timeouts Timeouts
	// Limits bound the messages of clients; nil means h1's defaults.
	Limits *h1.Limits
	// H2C says how clients may come to speak HTTP/2 without TLS.
	H2C H2C
	// HTTP2 bounds connections of HTTP/2 by what HTTP/1.1 has no bound for: streams, windows,
	// resets, glitches. What Limits and Timeouts bound is taken from there.
	HTTP2 h2.Options
	// HTTP3 bounds connections of HTTP/3 in the same way.
	HTTP3 h3.Options
	// TrustedProxies are the networks whose X-Forwarded fields are believed.
	TrustedProxies []netip.Prefix
	// ProxyProtocol are the networks whose connections begin with a header of the PROXY
	// protocol, version 1 or 2, which says who the client is. From elsewhere none is taken.
	ProxyProtocol []netip.Prefix
	// Forwarded says what becomes of the field of that name; X-Forwarded-For and the like
	// are sent in any case.
	Forwarded Forwarded
	// Via is what Sluice is called in the field Via, a token or a host, of requests and of
	// the responses of endpoints; empty adds none.
	Via string
	// PassAmbiguous serves requests whose path endpoints may take for one of another route (table.ErrAmbiguous),
	// which are refused otherwise.
	PassAmbiguous bool
	// MaxConnections bounds the open connections of each listener; those beyond
	// it wait in the kernel's queue, while those that wait for a request are closed. 0 means no bound.
	MaxConnections int
	// MaxConnectionsPerClient bounds the open connections of one client, which is an IPv4
	// address or an IPv6 /64; those beyond it are closed. TrustedProxies have no bound. 0 means none for all.
	MaxConnectionsPerClient int
	// MaxHandshakes bounds the TLS handshakes that are computed at once; 0 means four for each
	// CPU. MaxWaitingHandshakes bounds those that wait for it, by turns of clients; 0 means 4,096.
	MaxHandshakes, MaxWaitingHandshakes int
	// Pressure says what is to be given up for want of memory; nil means nothing, ever.
	Pressure *pressure.Monitor
	// Buffering bounds the bodies that are kept until they are complete.
	Buffering Buffering
	// DebugHeaders adds X-Sluice-Reason to all of Sluice's own answers, not only those of queues.
	DebugHeaders bool
	// Logger gets what goes wrong in the proxy itself; nil means slog's default.
	Logger *slog.Logger
	// AccessLog gets an entry for each exchange; it may be nil.
	AccessLog *accesslog.Logger
	// Metrics counts; nil means metrics that nobody reads.
	Metrics *metrics.Metrics
}

// Proxy serves the table that a holder holds.
type Proxy struct {
	opts     Options
	timeouts Timeouts
	log      *slog.Logger
	metrics  *metrics.Metrics
	holder   *table.Holder
	trusted  []netip.Prefix
	clients  *clients
	// handshakes bounds those that are computed at once.
	handshakes *queue.Limiter

	date  dateClock
	vias  vias
	spool *spool.Pool

	// ctx ends when draining gives up; it bounds making connections.
	ctx    context.Context
	cancel context.CancelFunc

	// draining makes each response the last of its connection.
	draining atomic.Bool
	// closing says that idle connections are to be closed.
	closing atomic.Bool
	// cutOff says that exchanges are not waited for any more.
	cutOff atomic.Bool

	// copying counts the copies of requests that are under way.
	copying atomic.Int64

	exchanges sync.Pool
	labels    atomic.Pointer[routeLabels]
	http2     *h2.Options
	http3     *h3.Options

	// mu guards what follows.
	mu          sync.Mutex
	listeners   map[io.Closer]struct{}
	connections map[*connection]struct{}
	packets     map[*l4.Packets]struct{}
	// offers says for each name whether HTTP/3 is served.
	offers map[string]*atomic.Bool
	// quiet is closed, once, when the last connection ends after closing was set.
	quiet  chan struct{}
	closed bool
}

// New makes a Proxy that serves what holder holds. Shutdown ends it.
func New(holder *table.Holder, o Options) *Proxy {
	p := &Proxy{
		opts:        o,
		timeouts:    o.Timeouts.complete(),
		log:         o.Logger,
		metrics:     o.Metrics,
		holder:      holder,
		trusted:     o.TrustedProxies,
		clients:     newClients(o.MaxConnectionsPerClient),
		listeners:   make(map[io.Closer]struct{}),
		connections: make(map[*connection]struct{}),
		offers:      make(map[string]*atomic.Bool),
		packets:     make(map[*l4.Packets]struct{}),
		quiet:       make(chan struct{}),
	}
	if p.log == nil {
		p.log = slog.Default()
	}
	if p.metrics == nil {
		p.metrics = metrics.New()
	}
	if p.opts.Limits == nil {
		limits := h1.DefaultLimits()
		p.opts.Limits = &limits
	}
	if p.opts.H2C == H2CUpgrade {
		limits := *p.opts.Limits
		limits.UpgradeHTTP2 = true
		p.opts.Limits = &limits
	}
	p.handshakes = newHandshakes(&o, &p.timeouts)
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.spool = o.Buffering.pool()
	p.metrics.Buffered(p.spool.Held)
	p.metrics.Handshakes(func() (computed, waiting int) {
		now := p.handshakes.Stats()
		return now.Active, now.Waiting
	})
	p.vias = newVias(o.Via)
	p.exchanges.New = func() any { return newExchange() }
	p.http2, p.http3 = p.http2Options(), p.http3Options()
	return p
}

// listenerNow returns the table's listener of that name, nil where there is none.
func (p *Proxy) listenerNow(name string) *table.Listener {
	t := p.holder.Load()
	if t == nil {
		return nil
	}
	return t.Listener(name)
}

// tlsConfig returns the configuration of a listener's handshakes: the choice is
// left to the table of the moment, so that a new certificate serves at once.
func (p *Proxy) tlsConfig(listener string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			l := p.listenerNow(listener)
			if l == nil || l.TLS == nil {
				return nil, errNotReady
			}
			if p, ok := hello.Conn.(*paced); ok {
				p.of.policy = l.TLS.Policy(hello.ServerName)
			}
			return l.TLS.Config(hello)
		},
	}
}
