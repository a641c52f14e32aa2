package upstream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/internal/leaktest"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// TestMain fails where a goroutine of ours outlives the tests.
func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

// endpoint makes an endpoint with the last byte of its address.
func endpoint(last byte, state ir.EndpointState) ir.Endpoint {
	return ir.Endpoint{Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, last}), 8080), State: state}
}

// ready makes a set of ready endpoints.
func ready(key string, last ...byte) ir.EndpointSet {
	set := ir.EndpointSet{Key: key}
	for _, b := range last {
		set.Endpoints = append(set.Endpoints, endpoint(b, ir.EndpointReady))
	}
	return set
}

// upstreamOf makes an upstream on an endpoint set.
func upstreamOf(key, set string) ir.Upstream {
	return ir.Upstream{Key: key, Endpoints: set, MaxIdlePerEndpoint: 4}
}

// pipes dials in-memory connections and knows which are open.
type pipes struct {
	mu  sync.Mutex
	far []net.Conn
}

func (p *pipes) dial(context.Context, netip.AddrPort) (net.Conn, error) {
	near, far := net.Pipe()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.far = append(p.far, far)
	return near, nil
}

// open counts the connections that the near side has not closed.
func (p *pipes) open() int {
	n := 0
	for _, far := range p.far {
		if !ended(far) {
			n++
		}
	}
	return n
}

// ended says whether the other side of an in-memory connection is closed.
func ended(far net.Conn) bool {
	_ = far.SetReadDeadline(time.Now().Add(time.Nanosecond))
	_, err := far.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

func newRegistry(t testing.TB, o Options) *Registry {
	r := NewRegistry(o)
	t.Cleanup(r.Close)
	return r
}

func mustPick(t testing.TB, p *Pool, tried ...*Endpoint) *Endpoint {
	t.Helper()
	e, err := p.Pick(tried...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func mustConn(t testing.TB, e *Endpoint) (*Conn, bool) {
	t.Helper()
	c, reused, err := e.Conn(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return c, reused
}

// pass lets time go by in a bubble, and lets everyone act on it.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
