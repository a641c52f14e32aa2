package upstream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// connect makes a connection to the endpoint's address, or to one of those that
// its name stands for, over TLS where the pool says so. bound is for all of it. The endpoint is
// told of the client where the pool says so; nil stands for ourselves.
func (e *Endpoint) connect(ctx context.Context, bound time.Duration, client *Client) (net.Conn, *Error) {
	outer := ctx
	if bound > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, bound)
		defer cancel()
	}
	nc, failed := e.reach(ctx, outer)
	if failed == nil {
		if failed = e.tell(ctx, outer, nc, client); failed != nil {
			_ = nc.Close()
			return nil, failed
		}
	}
	if config := e.pool.tls.Load(); config != nil && failed == nil {
		return e.handshake(ctx, outer, nc, config)
	}
	return nc, failed
}

// reach makes a connection in clear text.
func (e *Endpoint) reach(ctx, outer context.Context) (net.Conn, *Error) {
	nc, phase, err := e.pool.registry.reach(ctx, e.spec.Load(), &e.turn)
	if err != nil {
		return nil, e.failed(outer, phase, err)
	}
	return nc, nil
}

// reach makes a connection to an address, or to one of those that a name stands for, from the one
// on whose turn it is. With an error it tells how far it came.
func (r *Registry) reach(ctx context.Context, spec *ir.Endpoint, turn *balance.RoundRobin) (net.Conn, Phase, error) {
	dial := r.opts.Dial
	if spec.Hostname == "" {
		nc, err := dial(ctx, spec.Address)
		return nc, PhaseConnect, err
	}
	addrs, err := r.names.lookup(ctx, spec.Hostname)
	if err != nil {
		return nil, PhaseResolve, err
	}
	first := turn.Next(len(addrs))
	for i := range addrs {
		share, cancel := shareOfTime(ctx, len(addrs)-i)
		var nc net.Conn
		nc, err = dial(share, netip.AddrPortFrom(addrs[(first+i)%len(addrs)], spec.Address.Port()))
		cancel()
		if err == nil {
			return nc, PhaseConnect, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, PhaseConnect, err
}

// shareOfTime bounds one of n attempts that are left to an equal share of the
// time that is left, so that one address that does not answer leaves time for the others.
func shareOfTime(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	end, bounded := ctx.Deadline()
	if !bounded || n == 1 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, time.Until(end)/time.Duration(n))
}

// failed says whose fault err is and whether another try may help. outer is the
// caller's context, without the bound on connecting.
func (e *Endpoint) failed(outer context.Context, phase Phase, err error) *Error {
	f := &Error{Phase: phase, Endpoint: e.address, Fault: FaultUpstream, Retryable: true, Err: err}
	var timeout interface{ Timeout() bool }
	f.Timeout = errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
	switch {
	case errors.Is(outer.Err(), context.Canceled):
		f.Fault, f.Retryable = FaultDownstream, false
	case outer.Err() != nil:
		f.Retryable, f.Timeout = false, true
	case errors.Is(err, errLocalName):
		f.Retryable = false
	case exhausted(err):
		f.Fault, f.Retryable = FaultInternal, false
	}
	e.lastError.Store(f)
	return f
}

// exhausted says whether this process or machine ran out of something.
func exhausted(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EADDRNOTAVAIL} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
