package upstream

import (
	"context"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// Endpoint is one address of a pool, with its connections. It stays the same
// object as long as the address stays in the pool's endpoint set.
type Endpoint struct{}

// Address returns the address, as "10.0.0.1:8080" or "NAME:PORT", for logs.
func (e *Endpoint) Address() string { return "" }

// Spec returns what the endpoint set says about the endpoint now.
func (e *Endpoint) Spec() ir.Endpoint { return ir.Endpoint{} }

// Done says that the try for which the endpoint was picked is over.
func (e *Endpoint) Done() {}

// Conn returns an idle connection, the one used last first, or a new one;
// reused tells which. ctx ends the attempt; connect bounds it (0: no bound).
// An error is an *Error.
func (e *Endpoint) Conn(ctx context.Context, connect time.Duration) (c *Conn, reused bool, err error) {
	return nil, false, nil
}

// Dial returns a new connection, as a second try after one that was reused
// turned out to be dead asks for. Bounds and errors are those of Conn.
func (e *Endpoint) Dial(ctx context.Context, connect time.Duration) (*Conn, error) { return nil, nil }
