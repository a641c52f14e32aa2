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
	open   map[wanted]*socket
	fresh  []*socket // bound by prepare, not served yet
	closed bool
	retry  *time.Timer
}

// wanted is a port that a listener needs.
type wanted struct {
	// name is that of the listener.
	name     string
	port     uint16
	protocol wantedProtocol
}

type wantedProtocol string

const (
	wantTCP   wantedProtocol = "TCP"
	wantUDP   wantedProtocol = "UDP"
	wantHTTP3 wantedProtocol = "HTTP/3"
)

// transport is what the port belongs to.
func (w wanted) transport() corev1.Protocol {
	if w.protocol == wantTCP {
		return corev1.ProtocolTCP
	}
	return corev1.ProtocolUDP
}

// wants returns the ports that a listener needs. Those of the process itself have theirs.
func wants(l *ir.Listener) []wanted {
	switch {
	case l.Port == 0:
		return nil
	case l.Protocol == ir.UDP:
		return []wanted{{l.Name, l.Port, wantUDP}}
	case l.HTTP3:
		return []wanted{{l.Name, l.Port, wantTCP}, {l.Name, l.HTTP3Port, wantHTTP3}}
	}
	return []wanted{{l.Name, l.Port, wantTCP}}
}

// socket is one that is bound.
type socket struct {
	wanted
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
	return &sockets{proxy: a.proxy, log: a.log, host: host, serve: a.serve, again: a.publisher.again, open: make(map[wanted]*socket)}
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
		for _, w := range wants(&listeners[i]) {
			if s.open[w] != nil {
				continue
			}
			made, err := s.bind(w)
			if err == nil {
				s.fresh = append(s.fresh, made)
				continue
			}
			failed = true
			s.unavailable(listeners[i].Origin, w, err, verdicts, facts)
		}
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

// unavailable reports a port that could not be bound. Without HTTP/3 a listener serves all the same.
func (s *sockets) unavailable(origin report.Origin, w wanted, err error, verdicts *verdict.Set, facts *report.Set) {
	if w.protocol == wantHTTP3 {
		facts.Warnf(origin, "spec.listeners", report.PortUnavailable, "the UDP port %d cannot be opened, so that HTTP/3 is not served: %v", w.port, err)
		return
	}
	facts.Errorf(origin, "spec.listeners", report.PortUnavailable, "the port %d cannot be opened, so that nothing is served on it: %v", w.port, err)
	verdicts.CloseTarget(int32(w.port), w.transport(), fmt.Sprintf("the port %d of the Pod cannot be opened: %v", w.port, err))
}

func (s *sockets) bind(w wanted) (*socket, error) {
	address := net.JoinHostPort(s.host, strconv.Itoa(int(w.port)))
	switch w.protocol {
	case wantUDP:
		pc, err := proxy.ListenPackets(context.Background(), address)
		if err != nil {
			return nil, err
		}
		return &socket{w, pc, func() error { return s.proxy.ServePackets(pc, w.name) }}, nil
	case wantHTTP3:
		pc, err := proxy.ListenHTTP3(context.Background(), address)
		if err != nil {
			return nil, err
		}
		return &socket{w, pc, func() error { return s.proxy.ServeHTTP3(pc, w.name) }}, nil
	}
	ln, err := proxy.Listen(context.Background(), address)
	if err != nil {
		return nil, err
	}
	return &socket{w, ln, func() error { return s.proxy.Serve(ln, w.name) }}, nil
}

// commit serves what prepare bound and closes what the table has no listener for,
// once the table is served.
func (s *sockets) commit(listeners []ir.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	needed := make(map[wanted]bool, len(listeners))
	for i := range listeners {
		for _, w := range wants(&listeners[i]) {
			needed[w] = true
		}
	}
	for w, old := range s.open {
		if !needed[w] {
			s.shut(old)
		}
	}
	for _, made := range s.fresh {
		s.open[made.wanted] = made
		s.log.Info("listening for a Gateway", "listener", made.name, "port", made.port, "protocol", string(made.protocol))
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
	delete(s.open, old.wanted)
	s.log.Info("no longer listening for a Gateway", "listener", old.name, "port", old.port, "protocol", string(old.protocol))
	_ = old.Close()
	if old.protocol == wantHTTP3 {
		s.proxy.RetireHTTP3(old.name)
		return
	}
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
