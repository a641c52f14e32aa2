package mirror

import (
	"math"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestTheShareOfCopies(t *testing.T) {
	const n = 20_000
	for _, tt := range []ir.Mirror{{Numerator: 1, Denominator: 1}, {Numerator: 0, Denominator: 5}, {Numerator: 1, Denominator: 2}, {Numerator: 35, Denominator: 100}} {
		f, err := New(&tt)
		if err != nil {
			t.Fatal(err)
		}
		due := 0
		for range n {
			if f.Due() {
				due++
			}
		}
		share := float64(tt.Numerator) / float64(tt.Denominator)
		// Six standard deviations.
		if off := math.Abs(float64(due) - n*share); off > 6*math.Sqrt(n*share*(1-share)) {
			t.Errorf("%d of %d were due for %d/%d", due, n, tt.Numerator, tt.Denominator)
		}
	}
	for _, bad := range []ir.Mirror{{Numerator: 1}, {Numerator: 2, Denominator: 1}, {Numerator: -1, Denominator: 1}, {Denominator: 1, Host: "a b"}} {
		if _, err := New(&bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
