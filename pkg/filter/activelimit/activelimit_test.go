package activelimit

import (
	"net/netip"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/active"
)

func TestFilter(t *testing.T) {
	limits := active.NewRegistry()
	spec := &ir.ActiveLimit{Key: "k", MaxActive: 1, Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	before, err := New(spec, limits)
	if err != nil {
		t.Fatal(err)
	}
	from := func(client string) *filter.Exchange {
		return &filter.Exchange{Client: netip.MustParseAddrPort(client)}
	}
	first := from("192.0.2.1:1")
	if a := before.OnRequestHead(first); a != nil {
		t.Fatalf("the first got %+v", a)
	}
	// Of the next table.
	f, err := New(spec, limits)
	if err != nil {
		t.Fatal(err)
	}
	before.Release()
	if a := f.OnRequestHead(from("192.0.2.1:2")); a == nil || a.Status != 503 || a.Reason != "too_many_active" {
		t.Errorf("the second got %+v", a)
	}
	for _, client := range []string{"192.0.2.2:1", "10.1.1.1:1", "10.1.1.1:2"} {
		if a := f.OnRequestHead(from(client)); a != nil {
			t.Errorf("%s got %+v", client, a)
		}
	}
	for _, held := range first.Held {
		held.Leave()
	}
	if a := f.OnRequestHead(from("192.0.2.1:3")); a != nil {
		t.Errorf("the third got %+v", a)
	}
	f.Release()
}

func TestWhatCannotBeMade(t *testing.T) {
	for name, spec := range map[string]*ir.ActiveLimit{
		"no bound":   {Key: "k"},
		"no network": {Key: "k", MaxActive: 1, Exempt: []netip.Prefix{{}}},
	} {
		if _, err := New(spec, active.NewRegistry()); err == nil {
			t.Errorf("%s: it was made", name)
		}
	}
	if _, err := New(&ir.ActiveLimit{Key: "k", MaxActive: 1}, nil); err == nil {
		t.Error("it was made without anything that counts")
	}
}
