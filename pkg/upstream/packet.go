package upstream

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// DialPacket connects a UDP socket to the endpoint: nothing is sent, and nothing but
// the endpoint's datagrams is received. The caller closes it. within bounds looking up
// the endpoint's name (0: no bound). An error is an *Error.
func (e *Endpoint) DialPacket(ctx context.Context, within time.Duration) (*net.UDPConn, error) {
	outer := ctx
	if within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	spec := e.spec.Load()
	address := spec.Address
	if spec.Hostname != "" {
		addrs, err := e.pool.registry.names.lookup(ctx, spec.Hostname)
		if err != nil {
			return nil, e.failed(outer, PhaseResolve, err)
		}
		address = netip.AddrPortFrom(addrs[e.turn.Next(len(addrs))], address.Port())
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(address))
	if err != nil {
		return nil, e.failed(outer, PhaseConnect, err)
	}
	return conn, nil
}
