package activelimit

import (
	"net/netip"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestFilter(t *testing.T) {
	limits := new(Registry)
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
	// Of another key.
	other, err := New(&ir.ActiveLimit{Key: "other", MaxActive: 1}, limits)
	if err != nil {
		t.Fatal(err)
	}
	if a := other.OnRequestHead(from("192.0.2.1:4")); a != nil {
		t.Errorf("under another key it got %+v", a)
	}
	other.Release()
	if limits.shared.Len() != 1 {
		t.Error("a limiter in use is forgotten, or one that nobody uses is kept")
	}
	f.Release()
	if limits.shared.Len() != 0 {
		t.Error("a limiter that nobody uses is kept")
	}
	defer func() {
		if recover() == nil {
			t.Error("a release too many is not noticed")
		}
	}()
	f.Release()
}

func TestWhatCannotBeMade(t *testing.T) {
	for name, spec := range map[string]*ir.ActiveLimit{
		"no bound":   {Key: "k"},
		"no network": {Key: "k", MaxActive: 1, Exempt: []netip.Prefix{{}}},
	} {
		if _, err := New(spec, new(Registry)); err == nil {
			t.Errorf("%s: it was made", name)
		}
	}
	if _, err := New(&ir.ActiveLimit{Key: "k", MaxActive: 1}, nil); err == nil {
		t.Error("it was made without anything that counts")
	}
}
