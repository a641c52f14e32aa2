package proxy

import (
	"net/netip"
	"sync"
)

// clients counts the open connections of each client. A nil one knows no bound.
type clients struct {
	most int
	// mu guards open.
	mu   sync.Mutex
	open map[netip.Addr]int
}

func newClients(most int) *clients {
	if most <= 0 {
		return nil
	}
	return &clients{most: most, open: make(map[netip.Addr]int)}
}

// enter counts one more connection; false means that the client has as many as it may have.
func (c *clients) enter(a netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[a] >= c.most {
		return false
	}
	c.open[a]++
	return true
}

// leave gives back what enter took.
func (c *clients) leave(a netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[a]--; c.open[a] <= 0 {
		delete(c.open, a)
	}
}

// household returns what stands for a client: whoever has one IPv6 address of a /64 has
// all of them.
func household(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if !a.Is6() {
		return a
	}
	return netip.PrefixFrom(a.WithZone(""), 64).Masked().Addr()
}

// counted counts the connection as one of its client's; false means that it has too many.
// Those of trusted proxies are of many clients.
func (c *connection) counted() bool {
	p := c.proxy
	if p.clients == nil || !c.client.IsValid() || p.trusts(c.client.Addr()) {
		return true
	}
	a := household(c.client.Addr())
	if !p.clients.enter(a) {
		return false
	}
	c.household = a
	return true
}
