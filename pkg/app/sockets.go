package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/report"
)

// bindAgain is how long to wait before a port that could not be bound is tried again.
const bindAgain = 5 * time.Second

// sockets are those of the listeners that a table has besides the process's own.
// A build's goroutine calls its methods, one at a time.
type sockets struct {
	proxy *proxy.Proxy
	log   *slog.Logger
	// host is the address that listeners are bound to.
	host string
	// serve runs what accepts.
	serve func(run func() error)
	// again asks for another build, to try again what could not be bound.
	again func()

	mu     sync.Mutex
	open   map[string]*socket // by the listener's name
	fresh  []*socket          // bound by prepare, not served yet
	closed bool
	retry  *time.Timer
}

// socket is one that is bound.
type socket struct {
	name string
	port uint16
	io.Closer
	// serve accepts on it until it is closed.
	serve func() error
}

// newSockets binds where --http-addr is bound.
func (a *App) newSockets() *sockets {
	host, _, err := net.SplitHostPort(a.options.HTTPAddr)
	if err != nil {
		host = "" // It would not have been bound.
	}
	return &sockets{proxy: a.proxy, log: a.log, host: host, serve: a.serve, again: a.publisher.again, open: make(map[string]*socket)}
}

// prepare binds the ports that listeners ask for, before the table that serves
// them is swapped in: what comes meanwhile waits. A port that cannot be bound is
// reported on its listener alone, and tried again; the verdicts, which may be nil, say so too.
func (s *sockets) prepare(listeners []ir.Listener, verdicts *verdict.Set) *report.Set {
	facts := &report.Set{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return facts
	}
	failed := false
	for i := range listeners {
		l := &listeners[i]
		if l.Port == 0 {
			continue
		}
		if bound := s.open[l.Name]; bound != nil && bound.port == l.Port {
			continue
		}
		made, err := s.bind(l)
		if err != nil {
			failed = true
			facts.Errorf(l.Origin, "spec.listeners", report.PortUnavailable, "the port %d cannot be opened, so that nothing is served on it: %v", l.Port, err)
			protocol := corev1.ProtocolTCP
			if l.Protocol == ir.UDP {
				protocol = corev1.ProtocolUDP
			}
			verdicts.CloseTarget(int32(l.Port), protocol, fmt.Sprintf("the port %d of the Pod cannot be opened: %v", l.Port, err))
			continue
		}
		s.fresh = append(s.fresh, made)
	}
	if failed && s.again != nil && s.retry == nil {
		s.retry = time.AfterFunc(bindAgain, func() {
			s.mu.Lock()
			s.retry = nil
			s.mu.Unlock()
			s.again()
		})
	}
	return facts
}

func (s *sockets) bind(l *ir.Listener) (*socket, error) {
	address, name := net.JoinHostPort(s.host, strconv.Itoa(int(l.Port))), l.Name
	if l.Protocol == ir.UDP {
		pc, err := proxy.ListenPackets(context.Background(), address)
		if err != nil {
			return nil, err
		}
		return &socket{name, l.Port, pc, func() error { return s.proxy.ServePackets(pc, name) }}, nil
	}
	ln, err := proxy.Listen(context.Background(), address)
	if err != nil {
		return nil, err
	}
	return &socket{name, l.Port, ln, func() error { return s.proxy.Serve(ln, name) }}, nil
}

// commit serves what prepare bound and closes what the table has no listener for,
// once the table is served.
func (s *sockets) commit(listeners []ir.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := make(map[string]*ir.Listener, len(listeners))
	for i := range listeners {
		wanted[listeners[i].Name] = &listeners[i]
	}
	for name, old := range s.open {
		if l := wanted[name]; l == nil || l.Port != old.port {
			s.shut(old)
		}
	}
	for _, made := range s.fresh {
		s.open[made.name] = made
		s.log.Info("listening for a Gateway", "listener", made.name, "port", made.port)
		s.serve(func() error { return s.run(made) })
	}
	s.fresh = nil
}

// run serves a socket until it is shut.
func (s *sockets) run(made *socket) error {
	if err := made.serve(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil // It was shut.
}

// shut closes a socket and lets its connections go. mu is held.
func (s *sockets) shut(old *socket) {
	delete(s.open, old.name)
	s.log.Info("no longer listening for a Gateway", "listener", old.name, "port", old.port)
	_ = old.Close()
	s.proxy.Retire(old.name)
}

// close ends retrying; the proxy closes the sockets when it drains.
func (s *sockets) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.retry != nil {
		s.retry.Stop()
	}
	for _, made := range s.fresh {
		_ = made.Close()
	}
	s.fresh = nil
}
