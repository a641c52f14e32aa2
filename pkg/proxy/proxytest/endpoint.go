package proxytest

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// Endpoint is a server behind the proxy.
type Endpoint struct {
	// Address is where it listens.
	Address netip.AddrPort
	ln      net.Listener
	accepts atomic.Int64

	// mu guards open and stopped.
	mu   sync.Mutex
	open map[net.Conn]struct{}
	// stopped says that a connection that was accepted meanwhile is closed at once.
	stopped bool
	wait    sync.WaitGroup
}

// Endpoint starts a server that calls serve with each connection, in a
// goroutine of its own, and closes the connection when serve returns.
func (k *Kit) Endpoint(serve func(nc net.Conn, r *bufio.Reader)) *Endpoint {
	k.t.Helper()
	ln, err := k.Network.Listen()
	if err != nil {
		k.t.Fatal(err)
	}
	e := &Endpoint{Address: addrPort(ln.Addr()), ln: ln, open: make(map[net.Conn]struct{})}
	e.wait.Go(func() { e.accept(serve) })
	k.t.Cleanup(e.Stop)
	return e
}

func (e *Endpoint) accept(serve func(nc net.Conn, r *bufio.Reader)) {
	for {
		nc, err := e.ln.Accept()
		if err != nil {
			return
		}
		e.accepts.Add(1)
		e.mu.Lock()
		e.open[nc] = struct{}{}
		if e.stopped {
			nc.Close()
		}
		e.mu.Unlock()
		e.wait.Go(func() {
			defer func() {
				nc.Close()
				e.mu.Lock()
				delete(e.open, nc)
				e.mu.Unlock()
			}()
			serve(nc, bufio.NewReader(nc))
		})
	}
}

// Accepted returns how many connections were accepted so far.
func (e *Endpoint) Accepted() int { return int(e.accepts.Load()) }

// Stop closes the listener and all connections, and waits for their goroutines.
func (e *Endpoint) Stop() {
	e.ln.Close()
	e.mu.Lock()
	e.stopped = true
	for nc := range e.open {
		nc.Close()
	}
	e.mu.Unlock()
	e.wait.Wait()
}

// Replies makes an endpoint that answers the n-th request of each connection
// with the n-th text, and closes the connection behind the last one. heads gets each request's head
// and what else has come with it, if it is not nil.
func (k *Kit) Replies(heads chan<- string, texts ...string) *Endpoint {
	return k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		for _, text := range texts {
			head, err := ReadHead(r)
			if err != nil {
				return
			}
			if heads != nil {
				heads <- head
			}
			if _, err := io.WriteString(nc, text); err != nil {
				return
			}
		}
	})
}

// Repeats is Replies for any number of requests with one and the same answer.
func (k *Kit) Repeats(heads chan<- string, text string) *Endpoint {
	return k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		for {
			head, err := ReadHead(r)
			if err != nil {
				return
			}
			if heads != nil {
				heads <- head
			}
			if _, err := io.WriteString(nc, text); err != nil {
				return
			}
		}
	})
}

// ReadHead reads up to the empty line, which is included.
func ReadHead(r *bufio.Reader) (string, error) {
	var head []byte
	for {
		line, err := r.ReadSlice('\n')
		head = append(head, line...)
		if err != nil {
			return string(head), err
		}
		if len(line) == 2 {
			return string(head), nil
		}
	}
}

// Config returns a Config with the listeners "http" and "https" and one route for
// all requests, which forwards to the upstream "app". The route may be changed
// before it is served.
func Config() (*ir.Config, *ir.Route) {
	c := &ir.Config{
		Listeners: []ir.Listener{
			{Name: ir.ListenerHTTP, Protocol: ir.HTTP, RouteSet: "all"},
			{Name: ir.ListenerHTTPS, Protocol: ir.HTTPS, RouteSet: "all"},
		},
		RouteSets: []ir.RouteSet{{Name: "all", Hosts: []ir.Host{{Routes: []ir.Route{{
			ID:     "test/all",
			Match:  ir.Match{Path: ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}},
			Action: &ir.Forward{Backends: []ir.WeightedUpstream{{Upstream: "app", Weight: 1}}},
		}}}}}},
		Upstreams: []ir.Upstream{{Key: "app", Endpoints: "app", MaxIdlePerEndpoint: 64}},
	}
	return c, &c.RouteSets[0].Hosts[0].Routes[0]
}

// SetEndpoints makes endpoints those of the upstream "app".
func (k *Kit) SetEndpoints(endpoints ...*Endpoint) {
	set := ir.EndpointSet{Key: "app"}
	for _, e := range endpoints {
		set.Endpoints = append(set.Endpoints, ir.Endpoint{Address: e.Address})
	}
	k.Registry.SetEndpoints(set)
}
