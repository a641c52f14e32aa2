// Package bodies holds the filters that bound the bodies of an exchange: how large they
// are, and how fast they move.
//
// In comes an ir.BodySize or ir.Bandwidth, checked once by the constructor; out comes a
// filter.RequestHead that lowers the bounds of the exchange, which the proxy keeps to. It
// holds no state and may be called by any goroutine.
package bodies

import (
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// Size bounds the length of the request's body.
type Size struct{ max int64 }

// Bandwidth bounds how fast bodies move.
type Bandwidth struct{ request, response filter.Rate }

var (
	_ filter.RequestHead = (*Size)(nil)
	_ filter.RequestHead = (*Bandwidth)(nil)
)

// NewSize makes the filter. A bound below 1 is an error.
func NewSize(spec *ir.BodySize) (*Size, error) {
	if spec.MaxBytes < 1 {
		return nil, fmt.Errorf("%d is no bound of a body", spec.MaxBytes)
	}
	return &Size{spec.MaxBytes}, nil
}

// OnRequestHead returns 413 (RFC 9110 section 15.5.14) for a body that is known to be too
// large, and lowers the bound for one of which that shows later.
func (s *Size) OnRequestHead(x *filter.Exchange) *filter.Answer {
	if x.Request.Length > s.max {
		return &filter.Answer{Status: 413, Reason: "body_too_large"}
	}
	if x.MaxBodyBytes == 0 || s.max < x.MaxBodyBytes {
		x.MaxBodyBytes = s.max
	}
	return nil
}

// NewBandwidth makes the filter. A rate below 0 is an error, as is no rate at all.
func NewBandwidth(spec *ir.Bandwidth) (*Bandwidth, error) {
	b := &Bandwidth{
		request:  filter.Rate{BytesPerSecond: spec.RequestBytesPerSecond},
		response: filter.Rate{BytesPerSecond: spec.ResponseBytesPerSecond, AfterBytes: spec.ResponseAfterBytes},
	}
	if b.request.BytesPerSecond < 0 || b.response.BytesPerSecond < 0 || b.response.AfterBytes < 0 {
		return nil, errors.New("a bandwidth is negative")
	}
	if b.request.BytesPerSecond == 0 && b.response.BytesPerSecond == 0 {
		return nil, errors.New("the bandwidth bounds nothing")
	}
	return b, nil
}

// OnRequestHead lowers the rates of the exchange.
func (b *Bandwidth) OnRequestHead(x *filter.Exchange) *filter.Answer {
	x.RequestRate.Lower(b.request)
	x.ResponseRate.Lower(b.response)
	return nil
}
