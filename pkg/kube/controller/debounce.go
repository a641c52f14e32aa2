package controller

import (
	"context"
	"time"
)

// debounce turns many marks into few rounds of work: one round starts when marks
// have been quiet for holdoff, or maxDelay after the first of them. mark may be
// called from any goroutine; wait from one.
type debounce struct {
	holdoff, maxDelay time.Duration
	marks             chan struct{}
}

func newDebounce(holdoff, maxDelay time.Duration) *debounce {
	return &debounce{holdoff: holdoff, maxDelay: maxDelay, marks: make(chan struct{}, 1)}
}

// mark notes that there is work. It never blocks.
func (d *debounce) mark() {
	select {
	case d.marks <- struct{}{}:
	default:
	}
}

// wait blocks until a round of work is due. It returns false when ctx is done.
func (d *debounce) wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-d.marks:
	}
	quiet := time.NewTimer(d.holdoff)
	defer quiet.Stop()
	late := time.NewTimer(d.maxDelay)
	defer late.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-d.marks:
			quiet.Reset(d.holdoff)
		case <-quiet.C:
			return true
		case <-late.C:
			return true
		}
	}
}
