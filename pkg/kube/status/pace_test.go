package status

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/report"
)

func TestAnObjectIsWrittenAtMostOncePerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &term{Writer: New(Options{Interval: time.Second}), written: make(map[report.Origin]time.Time)}
		one, other := report.Origin{Kind: "Ingress", Name: "one"}, report.Origin{Kind: "Ingress", Name: "other"}
		writes := map[report.Origin]int{}
		write := func(o report.Origin) {
			w.due = false
			w.forget(time.Now())
			w.write(o, func() error { writes[o]++; return nil })
		}

		write(one)
		write(one)
		if writes[one] != 1 || !w.due {
			t.Errorf("%d writes at once, the second is due: %t; want 1, and due", writes[one], w.due)
		}
		write(other)
		if writes[other] != 1 {
			t.Error("one object waits for another")
		}
		<-time.After(time.Second)
		write(one)
		if writes[one] != 2 || w.due {
			t.Errorf("%d writes after the interval, another is due: %t; want 2, and not due", writes[one], w.due)
		}
	})
}

func TestAWriteThatFailedIsDueAgain(t *testing.T) {
	w := &term{Writer: New(Options{}), written: make(map[report.Origin]time.Time)}
	w.write(report.Origin{Kind: "Ingress", Name: "a"}, func() error { return errors.New("connection refused") })
	if !w.due {
		t.Error("the failed write is forgotten")
	}
}
