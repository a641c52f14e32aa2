package certs

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Options are what a Registry can be told. The zero value is ready for use.
type Options struct {
	// NextProtos is what ALPN offers, best first; nil means h2 and http/1.1.
	NextProtos []string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Registry holds what outlives tables: parsed certificates, ticket keys and the
// self-signed certificate made at start.
type Registry struct{}

// NewRegistry makes a registry with a self-signed certificate of its own. An
// error means that the system gives no randomness.
func NewRegistry(o Options) (*Registry, error) { return &Registry{}, nil }

// Update parses those of certs that are new, forgets those that are not in
// certs, and returns a fact for each that cannot be used.
func (r *Registry) Update(certs []ir.Certificate) *report.Set { return &report.Set{} }

// Listener makes the choice of certificates for one listener. certs must be
// sorted by name, as in a canonical ir.Config. The facts tell of certificates that
// cannot be used, as Update does.
func (r *Registry) Listener(l ir.ListenerTLS, certs []ir.Certificate) (*Listener, *report.Set) {
	return &Listener{}, &report.Set{}
}
