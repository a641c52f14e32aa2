// Package fault holds the filter that makes requests slow or fail, so that those
// who send them can be tested.
//
// In comes an ir.Fault; out comes a filter.RequestHead, which holds no state and
// may be called by any goroutine.
package fault

import (
	"math/rand/v2"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// Filter delays and aborts a share of the requests.
type Filter struct {
	spec ir.Fault
	// draw returns a number from 0 to 99.
	draw func() int
}

var _ filter.RequestHead = (*Filter)(nil)

// New makes the filter.
func New(spec *ir.Fault) (*Filter, error) {
	return &Filter{spec: *spec, draw: func() int { return rand.IntN(100) }}, nil
}

// OnRequestHead delays the exchange, and then may answer it.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	if f.spec.DelayPercent > 0 && f.draw() < f.spec.DelayPercent && !x.Wait(f.spec.Delay) {
		return &filter.Answer{Reason: "client_closed"}
	}
	if f.spec.AbortPercent > 0 && f.draw() < f.spec.AbortPercent {
		return &filter.Answer{Status: f.spec.AbortStatus, Reason: "fault_injected"}
	}
	return nil
}
