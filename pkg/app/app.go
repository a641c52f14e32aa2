package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/accesslog"
	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/jwks"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/limit/pressure"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
	"github.com/sluice-dev/sluice/pkg/wire/h3"
)

// App is one Sluice process, from its sockets to its end.
type App struct {
	options   Options
	log       *slog.Logger
	accessLog *accesslog.Logger
	metrics   *metrics.Metrics
	upstreams *upstream.Registry
	certs     *certs.Registry
	holder    table.Holder
	proxy     *proxy.Proxy
	publisher *publisher
	// inService is told when endpoints go in or out of service.
	inService atomic.Pointer[pacer]

	// pressure is the watch over memory, nil where there is no limit; unwatch ends it.
	pressure *pressure.Monitor
	unwatch  func()

	draining atomic.Bool
	servers  []*http.Server
	serving  sync.WaitGroup
	failed   chan error // the first error of a listener; capacity 1

	// HTTP, HTTPS, HTTP3, Ops and Admin are the addresses that are bound, known once
	// Start has returned; nil where there is none.
	HTTP, HTTPS, HTTP3, Ops, Admin net.Addr
}

// New makes an App that serves nothing yet. The error means that the options
// cannot be used, or that the system gives no randomness.
func New(o Options) (*App, error) {
	if o.AdminAddr != off && !isLoopback(o.AdminAddr) {
		return nil, fmt.Errorf("--admin-addr: %q is not a loopback address with a port, such as 127.0.0.1:9901", o.AdminAddr)
	}
	policy, err := o.TLS.policy()
	if err != nil {
		return nil, err
	}
	registry, err := certs.NewRegistry(certs.Options{Policy: policy, TicketSecret: o.sessionKey()})
	if err != nil {
		return nil, err
	}
	a := &App{options: o, log: o.logger(), metrics: metrics.New(), certs: registry, failed: make(chan error, 1)}
	format := accesslog.JSON
	if o.LogFormat == "text" {
		format = accesslog.Text
	}
	a.accessLog = accesslog.New(o.accessLogWriter(), accesslog.Options{Format: format})
	a.metrics.LogDropped(a.accessLog.Dropped)
	a.upstreams = upstream.NewRegistry(upstream.Options{
		Metrics: a.metrics, Cost: compileCost, Zone: o.Zone, SessionKey: o.sessionKey(), Changed: a.endpointsChanged,
		IdleTimeout: o.BackendKeepAlive, MaxAge: o.BackendMaxAge,
	})
	a.pressure = o.newPressure()
	a.proxy = proxy.New(&a.holder, proxy.Options{
		TrustedProxies:          o.TrustedProxies,
		ProxyProtocol:           o.ProxyProtocol,
		Forwarded:               proxy.Forwarded(o.Forwarded),
		Via:                     o.Via,
		Buffering:               o.Buffering,
		PassAmbiguous:           o.AmbiguousPaths == "pass",
		MaxConnections:          o.MaxConnections,
		MaxConnectionsPerClient: o.MaxConnectionsPerClient,
		MaxHandshakes:           o.MaxHandshakes,
		MaxWaitingHandshakes:    o.MaxWaitingHandshakes,
		Limits:                  &o.Limits,
		HTTP2:                   h2.Options{MaxStreams: o.HTTP2.MaxStreams, StreamWindow: o.HTTP2.StreamWindow, ConnWindow: o.HTTP2.ConnWindow},
		HTTP3:                   h3.Options{MaxStreams: o.HTTP2.MaxStreams},
		Timeouts:                o.Timeouts,
		Pressure:                a.pressure,
		H2C:                     proxy.H2C(o.H2C),
		DebugHeaders:            o.DebugHeaders,
		Logger:                  a.log,
		AccessLog:               a.accessLog,
		Metrics:                 a.metrics,
	})
	a.publisher = &publisher{
		log:       a.log,
		options:   translateOptions(o),
		mapped:    o.Map,
		upstreams: a.upstreams,
		certs:     registry,
		queues:    newQueues(a.metrics),
		rates:     newRates(a.metrics),
		keys:      jwks.NewRegistry(jwks.Options{}),
		metrics:   a.metrics,
		holder:    &a.holder,
		now:       time.Now,
	}
	a.publisher.sockets = a.newSockets()
	return a, nil
}

// isLoopback reports whether an address cannot be reached from another host.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// translateOptions are those of a cluster; Serve loosens them.
func translateOptions(o Options) translate.Options {
	t := translate.DefaultOptions()
	if len(o.IngressClasses) > 0 {
		t.IngressClasses = o.IngressClasses
	}
	t.AlternativeDomains = o.AlternativeDomains
	t.DefaultCertificate = o.DefaultCertificate
	t.HTTP3 = o.HTTP3
	t.Mapped = make(map[string]bool, len(o.Map))
	for _, m := range o.Map {
		t.Mapped[m.key()] = true
	}
	t.Memo = translate.NewMemo()
	return t
}

// Start binds all addresses and begins to serve: 404 until there is a table.
func (a *App) Start() error {
	httpListener, err := proxy.Listen(context.Background(), a.options.HTTPAddr)
	if err != nil {
		return fmt.Errorf("--http-addr: %w", err)
	}
	httpsListener, err := proxy.Listen(context.Background(), a.options.HTTPSAddr)
	if err != nil {
		httpListener.Close()
		return fmt.Errorf("--https-addr: %w", err)
	}
	a.HTTP, a.HTTPS = httpListener.Addr(), httpsListener.Addr()
	if err := a.startHTTP3(); err != nil {
		return errors.Join(err, httpListener.Close(), httpsListener.Close())
	}
	a.watchMemory()
	a.serve(func() error { return a.proxy.Serve(httpListener, ir.ListenerHTTP) })
	a.serve(func() error { return a.proxy.Serve(httpsListener, ir.ListenerHTTPS) })
	ops := admin.Ops(admin.OpsDeps{Metrics: a.metrics.Handler(), Ready: a.ready})
	if a.Ops, err = a.serveHTTP("--ops-addr", a.options.OpsAddr, ops); err != nil {
		return err
	}
	api := admin.API(admin.Deps{Config: a.config, Facts: a.facts, Holder: &a.holder, Upstreams: a.upstreams})
	if a.Admin, err = a.serveHTTP("--admin-addr", a.options.AdminAddr, api); err != nil {
		return err
	}
	a.log.Info("listening", "http", a.HTTP.String(), "https", a.HTTPS.String(), "ops", addressOrOff(a.Ops), "admin", addressOrOff(a.Admin), "http3", addressOrOff(a.HTTP3))
	return nil
}

// startHTTP3 serves HTTP/3 on the UDP port that has the number of the port of HTTPS.
func (a *App) startHTTP3() error {
	if !a.options.HTTP3 {
		return nil
	}
	socket, err := proxy.ListenHTTP3(context.Background(), a.HTTPS.String())
	if err != nil {
		return fmt.Errorf("--http3: %w", err)
	}
	a.HTTP3 = socket.Addr()
	a.serve(func() error { return a.proxy.ServeHTTP3(socket, ir.ListenerHTTPS) })
	return nil
}

// addressOrOff is for the log.
func addressOrOff(a net.Addr) string {
	if a == nil {
		return off
	}
	return a.String()
}

// serve runs a listener and keeps the first error with which one fails.
func (a *App) serve(run func() error) {
	a.serving.Go(func() {
		err := run()
		if err == nil || errors.Is(err, proxy.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
			return
		}
		select {
		case a.failed <- err:
		default:
		}
	})
}

// serveHTTP serves one of Sluice's own APIs.
func (a *App) serveHTTP(flagName, address string, handler http.Handler) (net.Addr, error) {
	if address == off {
		return nil, nil
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flagName, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)}
	a.servers = append(a.servers, server)
	a.serve(func() error { return server.Serve(ln) })
	return ln.Addr(), nil
}

// endpointsChanged passes on that endpoints went in or out of service.
func (a *App) endpointsChanged() {
	if p := a.inService.Load(); p != nil {
		p.tell()
	}
}

// ready returns why the process should get no traffic, or nil.
func (a *App) ready() error {
	switch {
	case a.draining.Load():
		return errors.New("draining")
	case a.publisher.served.Load() == nil:
		return errors.New("no table yet")
	}
	return nil
}

func (a *App) config() *ir.Config {
	if now := a.publisher.served.Load(); now != nil {
		return now.config
	}
	return nil
}

func (a *App) facts() *report.Set {
	if now := a.publisher.served.Load(); now != nil {
		return now.facts
	}
	return nil
}

// Stop drains: readiness fails, connections are still accepted for DrainDelay,
// and what is under way then has DrainTimeout to finish; the log says what was
// cut off. A ctx that ends cuts all of it short. The error is that of flushing
// the access log.
func (a *App) Stop(ctx context.Context) error {
	a.draining.Store(true)
	a.proxy.PrepareDrain()
	a.log.Info("draining", "delay", a.options.DrainDelay.String(), "timeout", a.options.DrainTimeout.String())
	select {
	case <-time.After(a.options.DrainDelay):
	case <-ctx.Done():
	}
	a.publisher.sockets.close()
	bounded, cancel := context.WithTimeout(ctx, a.options.DrainTimeout)
	defer cancel()
	if err := a.proxy.Shutdown(bounded); err != nil {
		a.log.Warn("not everything had finished", "error", err)
	}
	defer a.log.Info("stopped")
	return a.close()
}

// abort stops at once and without a word, for a process that never served.
func (a *App) abort() error {
	a.draining.Store(true)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	a.publisher.sockets.close()
	_ = a.proxy.Shutdown(done) // Nothing that is cut off had been promised an answer.
	return a.close()
}

// close ends what the proxy leaves over. The error is that of flushing the
// access log.
func (a *App) close() error {
	for _, server := range a.servers {
		_ = server.Close()
	}
	if a.unwatch != nil {
		a.unwatch()
	}
	a.serving.Wait()
	a.upstreams.Close()
	a.publisher.rates.Close()
	a.publisher.keys.Close()
	return a.accessLog.Close()
}
