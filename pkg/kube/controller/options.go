package controller

import (
	"context"
	"errors"
	"log/slog"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// Default times of Options.
const (
	DefaultHoldoff     = 20 * time.Millisecond
	DefaultMaxDelay    = 250 * time.Millisecond
	DefaultCRDInterval = 5 * time.Second
)

// Options say what to watch and whom to tell.
type Options struct {
	// Config reaches the API server.
	Config *rest.Config
	// Logger gets what an operator should know; nil is slog.Default.
	Logger *slog.Logger
	// Namespace restricts all namespaced kinds to one namespace; empty is all of them.
	Namespace string
	// Certificate is the Secret of --default-ssl-certificate, watched even where
	// it lies outside Namespace. Its zero value means none.
	Certificate types.NamespacedName
	// PublishService is the Service whose load balancer status Ingresses publish,
	// watched even where it lies outside Namespace; a change of its status alone
	// leads to a build. Its zero value means none.
	PublishService types.NamespacedName
	// Pods is the Service that selects Sluice's own Pods. Its EndpointSlices are
	// watched even where they lie outside Namespace. Its zero value means none.
	Pods types.NamespacedName
	// Holdoff is how long changes must be quiet before a build; 0 is DefaultHoldoff.
	Holdoff time.Duration
	// MaxDelay bounds the time from a change to the start of its build while
	// changes do not stop; 0 is DefaultMaxDelay.
	MaxDelay time.Duration
	// CRDInterval is how often the API server is asked for kinds whose CRDs are not
	// installed; 0 is DefaultCRDInterval.
	CRDInterval time.Duration
	// Build gets each new snapshot. Calls never overlap.
	Build func(ctx context.Context, s *snapshot.Snapshot)
	// Endpoints gets all EndpointSlices of one Service after any of them changed, or
	// one of their Pods; none are left when the last is deleted. It must not block: the
	// events of the other Services wait for it. The slices are shared and read-only, and
	// pods may be called until it returns. The result says that a build is needed, too.
	Endpoints func(service types.NamespacedName, slices []*discoveryv1.EndpointSlice, pods snapshot.Pods) (build bool)
}

// complete returns the options with defaults, or an error for what is missing.
func (o Options) complete() (Options, error) {
	switch {
	case o.Config == nil:
		return o, errors.New("controller: Options.Config is nil")
	case o.Build == nil:
		return o, errors.New("controller: Options.Build is nil")
	case o.Endpoints == nil:
		return o, errors.New("controller: Options.Endpoints is nil")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Holdoff <= 0 {
		o.Holdoff = DefaultHoldoff
	}
	if o.MaxDelay <= 0 {
		o.MaxDelay = DefaultMaxDelay
	}
	if o.CRDInterval <= 0 {
		o.CRDInterval = DefaultCRDInterval
	}
	return o, nil
}
