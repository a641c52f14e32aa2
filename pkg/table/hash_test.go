package table

import (
	"net/netip"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

func TestAskForHashesThePartThatTheStrategyGoesBy(t *testing.T) {
	client := netip.MustParseAddr("192.0.2.1")
	full := &match.Input{
		Path: []byte("/cart"), Query: []byte("user=q&x=y"), Client: client,
		Header: lines{{"x-user", "h"}, {"cookie", "user=c; other=d"}},
	}
	of := func(part string) upstream.Ask { return upstream.Ask{Hash: balance.HashOf([]byte(part)), Hashed: true} }
	bytes := client.As16()
	mapped := *full
	mapped.Client = netip.AddrFrom16(bytes)
	tests := map[string]struct {
		by   *ir.HashBy
		in   *match.Input
		want upstream.Ask
	}{
		"nothing":                           {nil, full, upstream.Ask{}},
		"a header":                          {&ir.HashBy{Source: ir.HashHeader, Name: "x-user"}, full, of("h")},
		"a cookie":                          {&ir.HashBy{Source: ir.HashCookie, Name: "user"}, full, of("c")},
		"a query parameter":                 {&ir.HashBy{Source: ir.HashQuery, Name: "user"}, full, of("q")},
		"the path":                          {&ir.HashBy{Source: ir.HashPath}, full, of("/cart")},
		"the client's address":              {&ir.HashBy{Source: ir.HashAddress}, full, of(string(bytes[:]))},
		"the same address in another form":  {&ir.HashBy{Source: ir.HashAddress}, &mapped, of(string(bytes[:]))},
		"a header that is not there":        {&ir.HashBy{Source: ir.HashHeader, Name: "x-other"}, full, upstream.Ask{}},
		"a cookie that is not there":        {&ir.HashBy{Source: ir.HashCookie, Name: "x"}, full, upstream.Ask{}},
		"an address that is not known":      {&ir.HashBy{Source: ir.HashAddress}, &match.Input{}, upstream.Ask{}},
		"a header of a request without any": {&ir.HashBy{Source: ir.HashHeader, Name: "x-user"}, &match.Input{}, upstream.Ask{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := askFor(test.by, test.in); got.Hashed != test.want.Hashed || got.Hashed && got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
