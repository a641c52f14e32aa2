package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// sharedPool makes a pool of one endpoint that speaks HTTP/2 and takes so many streams a connection.
func sharedPool(t *testing.T, most uint32) (p *Pool, dialed func() int) {
	t.Helper()
	var mu sync.Mutex
	var far []net.Conn
	var served sync.WaitGroup
	server := &http2.Server{MaxConcurrentStreams: most}
	r := newRegistry(t, Options{Dial: func(context.Context, netip.AddrPort) (net.Conn, error) {
		near, other := net.Pipe()
		mu.Lock()
		defer mu.Unlock()
		far = append(far, other)
		served.Go(func() {
			server.ServeConn(other, &http2.ServeConnOpts{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})})
		})
		return near, nil
	}})
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, nc := range far {
			nc.Close()
		}
		served.Wait()
	})
	u := upstreamOf("u", "s")
	u.Protocol = ir.UpstreamHTTP2
	r.SetEndpoints(ready("s", 1))
	return r.Acquire(u), func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(far)
	}
}

// fetch sends a GET over a stream and returns the status.
func fetch(t *testing.T, s Stream) int {
	t.Helper()
	req := &wire.Request{Method: []byte("GET"), Authority: []byte("h"), Path: []byte("/")}
	if err := s.WriteRequest(req); err != nil {
		t.Fatal(err)
	}
	if err := s.FinishBody(nil); err != nil {
		t.Fatal(err)
	}
	var resp wire.Response
	if err := s.ReadResponse(&resp, req.Method); err != nil {
		t.Fatal(err)
	}
	if !s.DrainBody(1) {
		t.Error("the body has no end")
	}
	return resp.Status
}

func mustStream(t *testing.T, e *Endpoint) Stream {
	t.Helper()
	s, err := e.Stream(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRequestsShareConnections(t *testing.T) {
	p, dialed := sharedPool(t, 100)
	e := mustPick(t, p)
	defer e.Done()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			s, err := e.Stream(t.Context(), time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Put()
			if status := fetch(t, s); status != 200 {
				t.Errorf("got %d", status)
			}
		})
	}
	all.Wait()
	if !p.Multiplexed() || dialed() != 1 {
		t.Errorf("%d connections were made", dialed())
	}
}

func TestAnotherConnectionIsMadeWhereOneIsFull(t *testing.T) {
	p, dialed := sharedPool(t, 2)
	e := mustPick(t, p)
	defer e.Done()
	first := mustStream(t, e)
	fetch(t, first) // From then on it is known how many there may be.
	first.Put()
	var held []Stream
	for range 5 {
		s := mustStream(t, e)
		held = append(held, s)
		if len(held)%2 == 1 && len(held) > 2 {
			fetch(t, s)
			s.Put()
			held[len(held)-1] = mustStream(t, e)
		}
	}
	if n := dialed(); n != 3 {
		t.Errorf("%d connections for 5 requests, 2 each", n)
	}
	for _, s := range held {
		s.Put()
	}
}

func TestARetiredEndpointKeepsNoSharedConnection(t *testing.T) {
	p, dialed := sharedPool(t, 100)
	e := mustPick(t, p)
	defer e.Done()
	held := mustStream(t, e)
	e.retire()
	if status := fetch(t, held); status != 200 {
		t.Errorf("a request under way gets %d", status)
	}
	held.Put()
	late := mustStream(t, e)
	if status := fetch(t, late); status != 200 || dialed() != 2 {
		t.Errorf("a late request gets %d over %d connections", status, dialed())
	}
	late.Put()
	for e.open.Load() > 0 {
		runtime.Gosched()
	}
}

func TestAFailureToConnectIsToldToAllWhoWait(t *testing.T) {
	r := newRegistry(t, Options{Dial: func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, syscall.ECONNREFUSED }})
	u := upstreamOf("u", "s")
	u.Protocol = ir.UpstreamHTTP2
	r.SetEndpoints(ready("s", 1))
	e := mustPick(t, r.Acquire(u))
	defer e.Done()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_, err := e.Stream(t.Context(), time.Minute)
			var failed *Error
			if !errors.As(err, &failed) || failed.Phase != PhaseConnect || !failed.Retryable {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
}

func TestWhoWaitsForAnothersConnectionGivesUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry(t, Options{Dial: func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		u := upstreamOf("u", "s")
		u.Protocol = ir.UpstreamHTTP2
		r.SetEndpoints(ready("s", 1))
		e := mustPick(t, r.Acquire(u))
		defer e.Done()
		begun := time.Now()
		var all sync.WaitGroup
		for _, bound := range []time.Duration{time.Minute, time.Second, 7 * time.Second} {
			all.Go(func() {
				_, err := e.Stream(t.Context(), bound)
				var failed *Error
				if took := time.Since(begun); !errors.As(err, &failed) || failed.Phase != PhaseConnect || took != bound {
					t.Errorf("with %v: got %v after %v", bound, err, took)
				}
			})
			synctest.Wait() // The first one connects, and the others wait for it.
		}
		all.Wait()
	})
}

func TestAnEndpointThatDoesNotSpeakHTTP2OverTLSIsRefused(t *testing.T) {
	ca := newAuthority(t, "ours")
	leaf := ca.issue(t, &x509.Certificate{DNSNames: []string{"web.example.com"}})
	for name, c := range map[string]struct {
		next  []string
		sound bool
	}{
		"it does":                  {[]string{"h2"}, true},
		"it knows nothing of that": {nil, false},
		"it speaks HTTP/1.1 alone": {[]string{"http/1.1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			set, _ := secureEndpoint(t, &tls.Config{Certificates: []tls.Certificate{*leaf}, NextProtos: c.next})
			r := newRegistry(t, Options{})
			r.SetEndpoints(set)
			u := upstreamOf("u", "s")
			u.Protocol = ir.UpstreamHTTP2
			u.TLS = ir.UpstreamTLS{Enabled: true, CAs: ca.pem, Names: []string{"web.example.com"}}
			s, err := mustPick(t, r.Acquire(u)).Stream(t.Context(), time.Minute)
			if (err == nil) != c.sound {
				t.Errorf("got %v", err)
			}
			if err == nil {
				s.Close()
				return
			}
			var failed *Error
			if !errors.As(err, &failed) || failed.Phase != PhaseTLS {
				t.Errorf("got %#v", err)
			}
		})
	}
}
