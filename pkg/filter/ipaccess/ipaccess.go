// Package ipaccess holds the filter that refuses clients by their address.
//
// In comes an ir.IPAccess; out comes a filter.RequestHead, which holds no state
// and may be called by any goroutine. A client whose address is not known is refused.
package ipaccess

import (
	"errors"
	"net/netip"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// Filter refuses clients by their address.
type Filter struct{ deny, allow []netip.Prefix }

var _ filter.RequestHead = (*Filter)(nil)

// New makes the filter.
func New(spec *ir.IPAccess) (*Filter, error) {
	for _, list := range [][]netip.Prefix{spec.Deny, spec.Allow} {
		for _, p := range list {
			if !p.IsValid() {
				return nil, errors.New("a network is not valid")
			}
		}
	}
	return &Filter{deny: plain(spec.Deny), allow: plain(spec.Allow)}, nil
}

// plain turns IPv4 networks that are written as IPv6 into IPv4, as clients'
// addresses are, and drops host bits.
func plain(list []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, p := range list {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		out[i] = p.Masked()
	}
	return out
}

// OnRequestHead returns 403 for a client that is denied, or not allowed.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	client := x.Client.Addr().Unmap().WithZone("")
	if client.IsValid() && !contains(f.deny, client) && (len(f.allow) == 0 || contains(f.allow, client)) {
		return nil
	}
	return &filter.Answer{Status: 403, Reason: "address_refused"}
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
