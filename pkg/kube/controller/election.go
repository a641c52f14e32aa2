package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Election chooses one replica for the work that only one may do. Losing it ends
// that work and nothing else: the process goes on serving and stands again.
type Election struct {
	// Config reaches the API server.
	Config *rest.Config
	// Logger gets the changes of leadership; nil is slog.Default.
	Logger *slog.Logger
	// Namespace and Name are those of the Lease.
	Namespace, Name string
	// Identity is unique among the replicas, such as the name of the Pod.
	Identity string
	// LeaseDuration, RenewDeadline and RetryPeriod are client-go's; 0 means 15 s,
	// 10 s and 2 s.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
}

// Run stands for election until ctx is done and calls lead each time it is won,
// with a context that ends when leadership does. It never stands again before
// lead has returned. The error is one of Election itself; an API server that is
// away is none.
func (e Election) Run(ctx context.Context, lead func(context.Context)) error {
	e, err := e.complete()
	if err != nil {
		return err
	}
	clients, err := kubernetes.NewForConfig(e.Config)
	if err != nil {
		return fmt.Errorf("leader election: %w", err)
	}
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, e.Namespace, e.Name,
		clients.CoreV1(), clients.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: e.Identity})
	if err != nil {
		return fmt.Errorf("leader election: %w", err)
	}
	for ctx.Err() == nil {
		if err := e.term(ctx, lock, lead); err != nil {
			return err
		}
	}
	return nil
}

// term stands once and returns when the leadership, if it was won, is over.
func (e Election) term(ctx context.Context, lock resourcelock.Interface, lead func(context.Context)) error {
	var work leadership
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		Name:            e.Name,
		LeaseDuration:   e.LeaseDuration,
		RenewDeadline:   e.RenewDeadline,
		RetryPeriod:     e.RetryPeriod,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				if !work.begin() {
					return
				}
				defer work.running.Done()
				e.Logger.Info("leading: this replica writes status", "identity", e.Identity)
				lead(ctx)
			},
			OnStoppedLeading: func() {},
			OnNewLeader: func(identity string) {
				if identity != e.Identity {
					e.Logger.Info("another replica leads", "leader", identity)
				}
			},
		},
	})
	if err != nil {
		return fmt.Errorf("leader election: %w", err)
	}
	elector.Run(ctx)
	work.end()
	return nil
}

// leadership joins the work of one term. The elector starts OnStartedLeading in a
// goroutine of its own and does not wait for it, so a term may be over before its
// work has begun; then the work must not begin at all.
type leadership struct {
	running sync.WaitGroup

	mu   sync.Mutex // guards over
	over bool
}

// begin reports whether the term still lasts, and counts its work as running.
func (l *leadership) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.running.Add(1)
	return true
}

// end closes the term and waits for its work.
func (l *leadership) end() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.running.Wait()
}

func (e Election) complete() (Election, error) {
	switch {
	case e.Config == nil:
		return e, errors.New("leader election: Election.Config is nil")
	case e.Namespace == "" || e.Name == "" || e.Identity == "":
		return e, errors.New("leader election: namespace, name and identity are required")
	}
	if e.Logger == nil {
		e.Logger = slog.Default()
	}
	if e.LeaseDuration == 0 {
		e.LeaseDuration = 15 * time.Second
	}
	if e.RenewDeadline == 0 {
		e.RenewDeadline = 10 * time.Second
	}
	if e.RetryPeriod == 0 {
		e.RetryPeriod = 2 * time.Second
	}
	return e, nil
}
