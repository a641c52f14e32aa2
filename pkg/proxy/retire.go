package proxy

import "time"

// Retire ends what was accepted for a listener that is no more: each response
// from now on is the last one of its connection, and connections that are idle
// are closed. Tunnels go on until they end. Whoever calls it has closed the socket.
func (p *Proxy) Retire(name string) { p.retire(name, false) }

// RetireHTTP3 is Retire for a listener that is to serve HTTP/3 no more.
func (p *Proxy) RetireHTTP3(name string) { p.retire(name, true) }

func (p *Proxy) retire(name string, http3 bool) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.connections {
		if c.listener.name == name && c.listener.http3 == http3 {
			c.retired.Store(true)
			c.drain(now)
		}
	}
}

// drain asks the client to go: over HTTP/2 and HTTP/3 at once, else where it is idle.
func (c *connection) drain(now time.Time) {
	switch streams := c.multiplexing(); {
	case streams != nil:
		streams.Drain()
	case c.idle.Load() > 0:
		c.drainIdle(now)
	}
}
