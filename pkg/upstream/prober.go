package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
	"github.com/sluice-dev/sluice/pkg/upstream/health"
	"github.com/sluice-dev/sluice/pkg/upstream/probe"
)

// prober is how an endpoint is probed. It never changes.
type prober struct {
	id   proberID
	spec ir.Active
	// announcement is what connections begin with, where endpoints want the PROXY protocol.
	announcement string
	// tls is how endpoints are spoken with, nil in clear text.
	tls      *tls.Config
	question probe.Question
}

// proberID is what makes two probers of equal meaning one.
type proberID struct {
	// settings are the probe, the protocol and what endpoints must prove.
	settings string
	client   *tls.Certificate
}

// connects is the prober of endpoints of which nothing is said: it asks for a connection.
var connects = &prober{spec: ir.Active{Type: ir.ProbeTCP, Timeout: 5 * time.Second}}

// newProber returns how the endpoints of an upstream are probed, nil where they are not.
func newProber(u *ir.Upstream, client *tls.Certificate) *prober {
	a := u.Health.Active
	if a.Type == ir.ProbeNone {
		return nil
	}
	p := &prober{id: proberID{a.String(), client}, spec: a}
	path, query, hasQuery := strings.Cut(a.Path, "?")
	p.question = probe.Question{Host: a.Host, Path: path, Query: query, HasQuery: hasQuery, Service: a.Service, Expect: a.Expects}
	for _, h := range a.Headers {
		p.question.Header = append(p.question.Header, probe.Field{Name: h.Name, Value: h.Value})
	}
	protocol := u.Protocol
	switch {
	case a.Type == ir.ProbeGRPC:
		p.question.Protocol, protocol = probe.GRPC, ir.UpstreamHTTP2
	case protocol == ir.UpstreamHTTP2:
		p.question.Protocol = probe.HTTP2
	}
	p.id.settings += " " + protocol.String()
	if a.Type != ir.ProbeTCP && a.Port == 0 {
		p.announcement = announcements[u.ProxyProtocol]
		p.id.settings += " proxy:" + strconv.Itoa(int(u.ProxyProtocol))
	}
	if u.TLS.Enabled && a.Type != ir.ProbeTCP {
		p.tls, p.question.Secure = clientConfig(&u.TLS, protocol, client), true
		p.id.settings += " tls:" + u.TLS.Digest()
	}
	return p
}

// announcements are the headers of the PROXY protocol, by version, of connections that are nobody's
// but the proxy's own: LOCAL and UNKNOWN (haproxy.org, doc/proxy-protocol.txt).
var announcements = map[uint8]string{
	1: "PROXY UNKNOWN\r\n",
	2: "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00",
}

// errLate says that a probe took longer than it may.
var errLate = errors.New("there is no answer in time")

// ask probes an endpoint once; nil means that it is healthy.
func (r *Registry) ask(p *prober, target ir.Endpoint) error {
	ctx, cancel := context.WithTimeout(r.ctx, p.spec.Timeout)
	defer cancel()
	if p.spec.Port != 0 {
		target.Address = netip.AddrPortFrom(target.Address.Addr(), p.spec.Port)
	}
	err := r.askWithin(ctx, p, &target)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errLate
	}
	return err
}

func (r *Registry) askWithin(ctx context.Context, p *prober, target *ir.Endpoint) error {
	var turn balance.RoundRobin
	nc, _, err := r.reach(ctx, target, &turn)
	if err != nil {
		return err
	}
	if p.spec.Type == ir.ProbeTCP {
		return nc.Close()
	}
	if p.announcement != "" {
		stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
		_, err := io.WriteString(nc, p.announcement)
		stop()
		if err != nil {
			_ = nc.Close()
			return err
		}
	}
	if p.tls != nil {
		secured := tls.Client(nc, p.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = nc.Close()
			return err
		}
		nc = secured
	}
	q := p.question
	if q.Host == "" {
		q.Host = addressOf(target)
	}
	return probe.Ask(ctx, nc, &q)
}

// addressOf returns the address of an endpoint as "10.0.0.1:8080" or "NAME:PORT".
func addressOf(spec *ir.Endpoint) string {
	if spec.Hostname == "" {
		return spec.Address.String()
	}
	return net.JoinHostPort(spec.Hostname, strconv.Itoa(int(spec.Address.Port())))
}

// watch probes one address at intervals, for all pools that ask for the same.
type watch struct {
	key    watchKey
	how    *prober
	target ir.Endpoint
	cancel context.CancelFunc

	// What follows is guarded by registry.mu.
	users   map[*Endpoint]struct{}
	verdict health.Probed
	// why is the verdict in words, nil for a healthy endpoint.
	why *string
}

// watchKey is what makes two watches one.
type watchKey struct {
	endpoint endpointID
	prober   proberID
}

// watch has an endpoint probed as the pool says, if it does. registry.mu is held.
func (p *Pool) watch(e *Endpoint) {
	r := p.registry
	if p.prober == nil || r.closed {
		r.unwatch(e)
		return
	}
	spec := e.spec.Load()
	key := watchKey{endpointID{spec.Address, spec.Hostname}, p.prober.id}
	if e.watch != nil && e.watch.key == key {
		return
	}
	r.unwatch(e)
	w := r.watches[key]
	if w == nil {
		w = &watch{key: key, how: p.prober, target: ir.Endpoint{Address: spec.Address, Hostname: spec.Hostname}, users: make(map[*Endpoint]struct{})}
		r.watches[key] = w
		var ctx context.Context
		ctx, w.cancel = context.WithCancel(r.ctx)
		r.asking.Go(func() { r.keepAsking(ctx, w) })
	}
	w.users[e] = struct{}{}
	e.watch = w
	e.unhealthy.Store(w.why)
}

// unwatch ends the probes of an endpoint, which is believed to be healthy then. registry.mu is held.
func (r *Registry) unwatch(e *Endpoint) {
	w := e.watch
	if w == nil {
		return
	}
	e.watch = nil
	e.unhealthy.Store(nil)
	delete(w.users, e)
	if len(w.users) == 0 {
		w.cancel()
		delete(r.watches, w.key)
	}
}

// unwatch ends the probes of all endpoints of the pool. registry.mu is held.
func (p *Pool) unwatch() {
	for _, e := range p.byID {
		p.registry.unwatch(e)
	}
}

const (
	// maxFirst bounds the time to the first probe of an endpoint. Probes that begin together
	// are spread over it.
	maxFirst = time.Second
	// jitter is the part of an interval by which one is longer or shorter, so that probes do not
	// fall into step.
	jitter = 10
)

// keepAsking probes until ctx ends.
func (r *Registry) keepAsking(ctx context.Context, w *watch) {
	interval := w.how.spec.Interval
	timer := time.NewTimer(rand.N(min(interval, maxFirst)))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		err := r.ask(w.how, w.target)
		if ctx.Err() != nil {
			return
		}
		r.heard(w, err)
		spread := rand.N(2*interval/jitter+1) - interval/jitter
		timer.Reset(max(interval+spread-time.Since(began), 0))
	}
}

// heard takes the outcome of a probe.
func (r *Registry) heard(w *watch, err error) {
	if m := r.opts.Metrics; m != nil {
		m.Probed(err == nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := w.verdict.Observe(err == nil, health.Thresholds{Unhealthy: w.how.spec.Unhealthy, Healthy: w.how.spec.Healthy})
	if w.verdict.Down() && err != nil {
		why := err.Error()
		w.why = &why
	}
	if !w.verdict.Down() {
		w.why = nil
	}
	now := time.Now()
	for e := range w.users {
		e.unhealthy.Store(w.why)
		if changed {
			if w.why == nil {
				e.member.Begin(now)
			}
			e.pool.arrange()
		}
	}
}
