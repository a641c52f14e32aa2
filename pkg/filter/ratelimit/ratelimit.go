// Package ratelimit holds the filter that bounds how many requests a client may send.
//
// In comes an ir.RateLimit and the registry that keeps its counts, which outlive
// tables; out comes a filter.RequestHead. Any goroutine may call it until Release.
package ratelimit

import (
	"errors"
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
)

// Filter answers requests beyond a rate with 429, or 503.
type Filter struct {
	spec    ir.RateLimit
	exempt  filter.Networks
	limiter *rate.Limiter
	policy  string
	// now is the clock.
	now func() time.Time
}

var (
	_ filter.RequestHead = (*Filter)(nil)
	_ filter.Releaser    = (*Filter)(nil)
)

// New makes the filter. It holds the limiter of spec.Key until Release.
func New(spec *ir.RateLimit, limits *rate.Registry) (*Filter, error) {
	if spec.Requests <= 0 || spec.Per <= 0 || spec.Burst <= 0 {
		return nil, errors.New("the rate limit lets nothing pass")
	}
	if limits == nil {
		return nil, errors.New("there is nothing that counts requests")
	}
	exempt, err := filter.NewNetworks(spec.Exempt)
	if err != nil {
		return nil, err
	}
	return &Filter{
		spec:    *spec,
		exempt:  exempt,
		limiter: limits.Acquire(spec.Key, rate.Limit{Requests: spec.Requests, Per: spec.Per, Burst: spec.Burst, Shared: spec.Shared}),
		policy:  `"default";q=` + strconv.Itoa(spec.Requests) + ";w=" + strconv.Itoa(seconds(spec.Per)),
		now:     time.Now,
	}, nil
}

// Release gives the limiter back.
func (f *Filter) Release() { f.limiter.Release() }

// OnRequestHead returns 429, or 503, for a request beyond the rate, with Retry-After (RFC
// 9110 section 10.2.3) and what the draft "RateLimit header fields for HTTP" defines.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	if f.exempt.Contain(x.Client.Addr()) {
		return nil
	}
	start := len(x.Scratch)
	x.Scratch = f.client(x.Scratch, x)
	d := f.limiter.Allow(x.Scratch[start:], f.now())
	x.Scratch = x.Scratch[:start]
	if d.OK {
		return nil
	}
	wait := strconv.Itoa(max(seconds(d.RetryAfter), 1))
	status := 429
	if f.spec.Unavailable {
		status = 503
	}
	return &filter.Answer{
		Status: status,
		Reason: "rate_limited",
		Header: []filter.AnswerField{
			{Name: "Retry-After", Value: wait},
			{Name: "RateLimit-Policy", Value: f.policy},
			{Name: "RateLimit", Value: `"default";r=0;t=` + wait},
		},
	}
}

// client appends what tells the client apart.
func (f *Filter) client(dst []byte, x *filter.Exchange) []byte {
	switch f.spec.By {
	case ir.RateByClientAddress:
		return filter.AppendClient(dst, x)
	case ir.RateByHeader:
		return append(dst, x.Request.Header.Get(f.spec.Header)...)
	case ir.RateByClaim:
		text, _ := x.Claims.Text(f.spec.Claim)
		return append(dst, text...)
	case ir.RateByRoute:
	}
	return dst
}

// seconds rounds up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
