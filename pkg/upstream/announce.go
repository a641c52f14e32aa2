package upstream

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire/proxyproto"
)

// Client is what endpoints are told of whose connection it is, by the PROXY protocol.
type Client struct {
	proxyproto.Header
	proxyproto.Info
}

// Announces says that connections begin with a header of the PROXY protocol. Each is one client's
// then: Endpoint.DialFor makes it, and it is not kept for others.
func (p *Pool) Announces() bool { return p.announces.Load() != 0 }

// announce sets the version of the PROXY protocol, and reports whether that is new. registry.mu is held.
func (p *Pool) announce(version uint8) (changed bool) {
	return p.announces.Swap(uint32(version)) != uint32(version)
}

// DialFor is Dial for a client, which the endpoint is told of. The connection is
// closed after use.
func (e *Endpoint) DialFor(ctx context.Context, connect time.Duration, client *Client) (*Conn, error) {
	c, err := e.dial(ctx, connect, client)
	if c != nil {
		c.private = true
	}
	return c, err
}

// headerWithin bounds writing the header, which fits the buffers of any socket.
const headerWithin = time.Second

// tell writes the header where there is to be one; a nil client stands for ourselves.
func (e *Endpoint) tell(ctx, outer context.Context, nc net.Conn, client *Client) *Error {
	if err := tellOf(ctx, nc, uint8(e.pool.announces.Load()), client); err != nil {
		return e.failed(outer, PhaseConnect, err)
	}
	return nil
}

// tellOf writes the header of a version, 0 for none; a nil client stands for ourselves.
func tellOf(ctx context.Context, nc net.Conn, version uint8, client *Client) error {
	if version == 0 {
		return nil
	}
	if client == nil {
		client = &Client{}
	}
	end := time.Now().Add(headerWithin)
	if at, bounded := ctx.Deadline(); bounded && at.Before(end) {
		end = at
	}
	// Where a deadline cannot be set, writing fails as well.
	_ = nc.SetWriteDeadline(end)
	if _, err := nc.Write(proxyproto.Append(nil, version, client.Header, client.Info)); err != nil {
		return fmt.Errorf("tell the endpoint of the client: %w", err)
	}
	_ = nc.SetWriteDeadline(time.Time{})
	return nil
}
