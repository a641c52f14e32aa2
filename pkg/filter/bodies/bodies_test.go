package bodies

import (
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

func TestSizeRefusesWhatIsKnownAndBoundsTheRest(t *testing.T) {
	s, err := NewSize(&ir.BodySize{MaxBytes: 100})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		length, bound int64
		refused       bool
		want          int64
	}{
		"a body of the bound":              {100, 0, false, 100},
		"a body above it":                  {101, 0, true, 0},
		"a length that nobody knows":       {wire.UnknownLength, 0, false, 100},
		"a higher bound is lowered":        {0, 1000, false, 100},
		"a lower bound stays what it is":   {0, 10, false, 10},
		"a body that no one can represent": {1<<63 - 1, 0, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			x := &filter.Exchange{Request: &wire.Request{Length: tt.length}, MaxBodyBytes: tt.bound}
			a := s.OnRequestHead(x)
			if (a != nil) != tt.refused || a != nil && a.Status != 413 {
				t.Fatalf("got %+v", a)
			}
			if a == nil && x.MaxBodyBytes != tt.want {
				t.Errorf("the bound is %d", x.MaxBodyBytes)
			}
		})
	}
}

func TestBandwidthLowersTheRates(t *testing.T) {
	b, err := NewBandwidth(&ir.Bandwidth{RequestBytesPerSecond: 10, ResponseBytesPerSecond: 20, ResponseAfterBytes: 5})
	if err != nil {
		t.Fatal(err)
	}
	x := &filter.Exchange{ResponseRate: filter.Rate{BytesPerSecond: 15}}
	if a := b.OnRequestHead(x); a != nil {
		t.Fatalf("got %+v", a)
	}
	if x.RequestRate != (filter.Rate{BytesPerSecond: 10}) || x.ResponseRate != (filter.Rate{BytesPerSecond: 15}) {
		t.Errorf("got %+v and %+v", x.RequestRate, x.ResponseRate)
	}
	x = &filter.Exchange{ResponseRate: filter.Rate{BytesPerSecond: 30}}
	b.OnRequestHead(x)
	if x.ResponseRate != (filter.Rate{BytesPerSecond: 20, AfterBytes: 5}) {
		t.Errorf("got %+v", x.ResponseRate)
	}
}

func TestWhatBoundsNothingIsRefused(t *testing.T) {
	if _, err := NewSize(&ir.BodySize{}); err == nil {
		t.Error("a size of 0 is made")
	}
	for _, spec := range []ir.Bandwidth{{}, {RequestBytesPerSecond: -1}, {ResponseBytesPerSecond: -1}, {ResponseBytesPerSecond: 1, ResponseAfterBytes: -1}} {
		if _, err := NewBandwidth(&spec); err == nil {
			t.Errorf("%+v is made", spec)
		}
	}
}
