// Package anyof holds the filter that lets a request pass where one of several others does.
//
// In come filters that were made already; out comes a filter.RequestHead, which holds no
// state and may be called by any goroutine until Release.
package anyof

import (
	"errors"

	"github.com/sluice-dev/sluice/pkg/filter"
)

// Filter lets those pass whom one of its parts lets (satisfy any of nginx).
type Filter struct{ parts []filter.RequestHead }

var (
	_ filter.RequestHead = (*Filter)(nil)
	_ filter.Calls       = (*Filter)(nil)
	_ filter.Releaser    = (*Filter)(nil)
)

// New makes the filter.
func New(parts []filter.RequestHead) (*Filter, error) {
	if len(parts) == 0 {
		return nil, errors.New("there is nothing that a request could satisfy")
	}
	return &Filter{parts}, nil
}

// OnRequestHead asks the parts in turn until one lets the request pass. Else the client
// gets a redirect to where it can sign in, a 401 or a 403, whichever of them there is first in this
// order; any other answer ends it at once.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	var refused *filter.Answer
	for _, part := range f.parts {
		a := part.OnRequestHead(x)
		if a == nil {
			return nil
		}
		switch a.Status {
		case 302, 401, 403:
			if refused == nil || a.Status < refused.Status {
				refused = a
			}
		default:
			return a
		}
	}
	return refused
}

// Use gives the parts that ask somebody else their upstream.
func (f *Filter) Use(c filter.Caller) {
	for _, part := range f.parts {
		if calls, ok := part.(filter.Calls); ok {
			calls.Use(c)
		}
	}
}

// Release releases the parts.
func (f *Filter) Release() {
	for _, part := range f.parts {
		if r, ok := part.(filter.Releaser); ok {
			r.Release()
		}
	}
}
