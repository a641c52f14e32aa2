package proxytest

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/accesslog"
	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/filter/activelimit"
	"github.com/sluice-dev/sluice/pkg/filter/build"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// Options say what to start.
type Options struct {
	// Network is where all of it happens; nil means a new Memory.
	Network Network
	// Proxy is handed on; its AccessLog is set if it is nil.
	Proxy proxy.Options
	// Upstream is handed on; its Dial is that of the network.
	Upstream upstream.Options
	// Filters makes filters; nil means pkg/filter/build.
	Filters func(ir.Filter) (any, error)
}

// Kit is a running proxy.
type Kit struct {
	Proxy    *proxy.Proxy
	Network  Network
	Registry *upstream.Registry
	Queues   *queue.Registry

	t       testing.TB
	certs   *certs.Registry
	filters func(ir.Filter) (any, error)
	holder  table.Holder
	entries *entries
	log     *accesslog.Logger

	// mu guards what follows.
	mu    sync.Mutex
	addrs map[string]netip.AddrPort
	wait  sync.WaitGroup
}

// Start starts a proxy that serves nothing yet; the test's end ends it.
func Start(t testing.TB, o Options) *Kit {
	t.Helper()
	if o.Network == nil {
		o.Network = new(Memory)
	}
	if o.Upstream.Dial == nil {
		o.Upstream.Dial = o.Network.Dial
	}
	if o.Proxy.Logger == nil {
		o.Proxy.Logger = slog.New(slog.NewTextHandler(writerTo{t}, nil))
	}
	registry := upstream.NewRegistry(o.Upstream)
	cs, err := certs.NewRegistry(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if o.Filters == nil {
		rates := rate.NewRegistry()
		t.Cleanup(rates.Close)
		o.Filters = build.Deps{Rates: rates, Active: new(activelimit.Registry)}.Build
	}
	k := &Kit{
		Network: o.Network, Registry: registry, Queues: queue.NewRegistry(), t: t, certs: cs, filters: o.Filters,
		entries: &entries{}, addrs: make(map[string]netip.AddrPort),
	}
	if o.Proxy.AccessLog == nil {
		k.log = accesslog.New(k.entries, accesslog.Options{FlushEvery: time.Millisecond})
		o.Proxy.AccessLog = k.log
	}
	k.Proxy = proxy.New(&k.holder, o.Proxy)
	t.Cleanup(k.stop)
	return k
}

// stop ends what Start began; what is still open is cut off.
func (k *Kit) stop() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	// A test that leaves connections open does not care about them.
	_ = k.Proxy.Shutdown(ctx)
	k.wait.Wait()
	if old := k.holder.Swap(nil); old != nil {
		old.Release()
	}
	k.Registry.Close()
	if k.log != nil {
		if err := k.log.Close(); err != nil {
			k.t.Error(err)
		}
	}
}

// Serve compiles a Config, opens its listeners if they are new, and serves it.
func (k *Kit) Serve(c *ir.Config) {
	k.t.Helper()
	k.swap(c)
	for _, l := range c.Listeners {
		k.open(l)
	}
}

// swap compiles a Config and serves it.
func (k *Kit) swap(c *ir.Config) {
	k.t.Helper()
	t, facts := table.Compile(c, table.Deps{Upstreams: k.Registry, Certs: k.certs, Queues: k.Queues, Filters: k.filters})
	for _, f := range facts.All() {
		k.t.Log(f)
	}
	if old := k.holder.Swap(t); old != nil {
		old.Release()
	}
}

// Packets is Serve without opening the listeners, which are of UDP.
func (k *Kit) Packets(c *ir.Config) {
	k.t.Helper()
	k.swap(c)
}

func (k *Kit) open(l ir.Listener) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.addrs[l.Name].IsValid() {
		return
	}
	ln, err := k.Network.Listen()
	if err != nil {
		k.t.Fatal(err)
	}
	k.addrs[l.Name] = addrPort(ln.Addr())
	k.wait.Go(func() {
		if err := k.Proxy.Serve(ln, l.Name); !errors.Is(err, proxy.ErrClosed) {
			k.t.Errorf("serving %s: %v", l.Name, err)
		}
	})
}

// Address returns where a listener of the Config listens.
func (k *Kit) Address(listener string) netip.AddrPort {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.addrs[listener]
}

// Dial connects to a listener; the test's end closes the connection.
func (k *Kit) Dial(listener string) net.Conn {
	k.t.Helper()
	nc, err := k.Network.Dial(context.Background(), k.Address(listener))
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { nc.Close() })
	return nc
}

// DialTLS is Dial with a handshake for a server name; the certificate is not checked.
func (k *Kit) DialTLS(listener, serverName string, protocols ...string) *tls.Conn {
	k.t.Helper()
	nc := tls.Client(k.Dial(listener), &tls.Config{
		ServerName: serverName, InsecureSkipVerify: true, NextProtos: protocols,
	})
	if err := nc.Handshake(); err != nil {
		k.t.Fatal(err)
	}
	return nc
}

// Send sends raw bytes on a new connection to the listener "http" and returns all that comes
// back until the proxy closes. Half of the connection is closed behind the bytes. The proxy may close
// before it has taken all of them.
func (k *Kit) Send(raw string) string {
	k.t.Helper()
	nc := k.Dial(ir.ListenerHTTP)
	if _, err := io.WriteString(nc, raw); err != nil && !errors.Is(err, syscall.EPIPE) {
		k.t.Fatal(err)
	}
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			k.t.Fatal(err)
		}
	}
	answer, err := io.ReadAll(nc)
	if err != nil {
		k.t.Fatalf("after %q: %v", answer, err)
	}
	return string(answer)
}

// Log waits for n lines of the access log and returns all that are there.
func (k *Kit) Log(n int) []map[string]any {
	k.t.Helper()
	k.entries.await(n)
	return k.entries.parse(k.t)
}

// entries collects the access log.
type entries struct {
	mu    sync.Mutex
	cond  *sync.Cond
	text  strings.Builder
	lines int
}

func (e *entries) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines += strings.Count(string(p), "\n")
	if e.cond != nil {
		e.cond.Broadcast()
	}
	return e.text.Write(p)
}

func (e *entries) await(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cond == nil {
		e.cond = sync.NewCond(&e.mu)
	}
	for e.lines < n {
		e.cond.Wait()
	}
}

func (e *entries) parse(t testing.TB) (all []map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	lines := bufio.NewScanner(strings.NewReader(e.text.String()))
	for lines.Scan() {
		var one map[string]any
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatalf("access log line %q: %v", lines.Text(), err)
		}
		all = append(all, one)
	}
	return all
}

// writerTo writes to a test's log.
type writerTo struct{ t testing.TB }

func (w writerTo) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		panic("proxytest: the network has addresses other than TCP's")
	}
	return tcp.AddrPort()
}
