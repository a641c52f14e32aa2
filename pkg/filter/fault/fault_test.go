package fault

import (
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestAShareOfTheRequestsIsHarmed(t *testing.T) {
	spec := ir.Fault{Delay: time.Second, DelayPercent: 10, AbortStatus: 418, AbortPercent: 30}
	f, err := New(&spec)
	if err != nil {
		t.Fatal(err)
	}
	var waited time.Duration
	patient := true
	x := &filter.Exchange{Wait: func(d time.Duration) bool { waited += d; return patient }}
	delayed, aborted, next := 0, 0, 0
	f.draw = func() int { return next }
	for next = range 100 {
		before := waited
		if a := f.OnRequestHead(x); a != nil {
			if a.Status != 418 {
				t.Fatalf("got %+v", a)
			}
			aborted++
		}
		if waited != before {
			delayed++
		}
	}
	if delayed != 10 || aborted != 30 || waited != 10*time.Second {
		t.Errorf("%d delayed by %v in all, %d aborted", delayed, waited, aborted)
	}
	patient, next = false, 0
	if a := f.OnRequestHead(x); a == nil || a.Status != 0 {
		t.Errorf("a client that left got %+v", a)
	}
}
