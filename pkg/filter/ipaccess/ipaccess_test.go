package ipaccess

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestClientsAreRefusedByAddress(t *testing.T) {
	tests := map[string]struct {
		deny, allow, client string
		passes              bool
	}{
		"denied":                        {"192.0.2.0/24", "", "192.0.2.1", false},
		"not denied":                    {"192.0.2.0/24", "", "192.0.3.1", true},
		"allowed":                       {"", "192.0.2.0/24 2001:db8::/32", "2001:db8::1", true},
		"not allowed":                   {"", "192.0.2.0/24", "2001:db8::1", false},
		"allowed but denied":            {"192.0.2.1/32", "192.0.2.0/24", "192.0.2.1", false},
		"IPv4 in IPv6":                  {"", "192.0.2.0/24", "::ffff:192.0.2.1", true},
		"a network of IPv4 in IPv6":     {"::ffff:192.0.2.0/120", "", "192.0.2.1", false},
		"a network with bits of a host": {"192.0.2.7/24", "", "192.0.2.1", false},
		"a client that is not known":    {"192.0.2.0/24", "", "", false},
		"an address with a zone":        {"fe80::/10", "", "fe80::1%eth0", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := New(&ir.IPAccess{Deny: networks(tt.deny), Allow: networks(tt.allow)})
			if err != nil {
				t.Fatal(err)
			}
			x := new(filter.Exchange)
			if tt.client != "" {
				x.Client = netip.AddrPortFrom(netip.MustParseAddr(tt.client), 1)
			}
			if a := f.OnRequestHead(x); (a == nil) != tt.passes || a != nil && a.Status != 403 {
				t.Errorf("got %+v", a)
			}
		})
	}
	if _, err := New(&ir.IPAccess{Allow: []netip.Prefix{{}}}); err == nil {
		t.Error("a network that is none is taken")
	}
}

func networks(list string) (out []netip.Prefix) {
	for _, s := range strings.Fields(list) {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}
