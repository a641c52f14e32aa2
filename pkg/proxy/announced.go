package proxy

import (
	"errors"
	"net/netip"
	"time"

	"github.com/sluice-dev/sluice/pkg/proxy/l4"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire/proxyproto"
)

// announced learns whose connection it is, where its peer is one that says so; false
// means that it did not. Such a peer must say it: to guess whether it did would let
// its clients say what they like.
func (c *connection) announced() bool {
	if !within(c.proxy.opts.ProxyProtocol, c.client.Addr()) {
		return true
	}
	// Where a deadline cannot be set, reading fails as well.
	_ = c.raw.SetReadDeadline(time.Now().Add(c.proxy.timeouts.Hello))
	defer func() { _ = c.raw.SetReadDeadline(time.Time{}) }()
	buf := make([]byte, proxyproto.MaxHeader)
	for have := 0; have < len(buf); {
		n, failed := c.raw.Read(buf[have:])
		have += n
		h, size, err := proxyproto.Parse(buf[:have])
		switch {
		case err == nil:
			if h.Source.IsValid() {
				c.client, c.local = h.Source, h.Destination
			}
			if size < have {
				c.nc = l4.Replay(c.raw, append([]byte(nil), buf[size:have]...))
			}
			return true
		case failed != nil && have == 0:
			return false // A probe of the port, or a client that left.
		case failed != nil || !errors.Is(err, proxyproto.ErrIncomplete):
			c.newPassage("PROXY").end(faultAnnounced)
			return false
		}
	}
	c.newPassage("PROXY").end(faultAnnounced)
	return false
}

// announcement is what endpoints are told of a client's connection by the PROXY protocol.
func (c *connection) announcement(client netip.AddrPort) *upstream.Client {
	local := c.local
	if !local.IsValid() {
		local = addressOf(c.raw.LocalAddr())
	}
	a := &upstream.Client{Header: proxyproto.Header{Source: client, Destination: local}}
	if c.secure != nil {
		a.ServerName, a.Protocol = c.secure.serverName, c.secure.protocol
	}
	return a
}

// within says whether an address is in one of some networks.
func within(networks []netip.Prefix, a netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(a) {
			return true
		}
	}
	return false
}
