package proxy

import (
	"sync/atomic"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// offered returns whether HTTP/3 is served for the listener of that name, which changes.
func (p *Proxy) offered(name string) *atomic.Bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	offer := p.offers[name]
	if offer == nil {
		offer = new(atomic.Bool)
		p.offers[name] = offer
	}
	return offer
}

var (
	nameAltSvc = []byte("Alt-Svc")
	// altSvcUsual is what is said on the port of HTTPS.
	altSvcUsual = []byte(`h3=":443"; ma=86400`)
)

// advertise tells a client over TCP that the port it has asked on serves HTTP/3, too, for a day (RFC 7838
// section 3). What an endpoint says of itself is of no use to a client that does not reach it.
func (x *exchange) advertise() {
	if !x.secure || x.version == wire.HTTP3 || !x.conn.listener.offers.Load() || x.proxy.draining.Load() || x.resp.Status < 200 {
		return
	}
	value := altSvcUsual
	if _, port, has := wire.SplitPort(x.req.Authority); has && string(port) != "443" {
		start := len(x.arena)
		x.arena = append(append(append(x.arena, `h3=":`...), port...), `"; ma=86400`...)
		value = x.arena[start:len(x.arena):len(x.arena)]
	}
	x.resp.Header.DelBytes(nameAltSvc)
	x.resp.Header.AppendAlias(wire.Field{Name: nameAltSvc, Value: value})
}
