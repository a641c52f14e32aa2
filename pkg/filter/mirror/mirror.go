// Package mirror holds the filter that has copies of requests sent to another upstream.
//
// In comes an ir.Mirror, checked once by the constructor; out comes a
// filter.Copy, which only says which requests are copied: sending is the
// proxy's. It may be called by any goroutine.
package mirror

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// Filter copies a share of the requests.
type Filter struct {
	numerator, denominator int
	host                   string
	withoutBody            bool
}

var _ filter.Copy = (*Filter)(nil)

// New makes the filter.
func New(spec *ir.Mirror) (*Filter, error) {
	if spec.Denominator <= 0 || spec.Numerator < 0 || spec.Numerator > spec.Denominator {
		return nil, errors.New("the share of a mirror is not between 0 and 1")
	}
	if !wire.IsAuthority([]byte(spec.Host)) && spec.Host != "" {
		return nil, fmt.Errorf("%q is no host", spec.Host)
	}
	return &Filter{spec.Numerator, spec.Denominator, spec.Host, spec.WithoutBody}, nil
}

// Due says whether the next request is copied. Each is drawn by itself.
func (f *Filter) Due() bool {
	return f.numerator == f.denominator || rand.IntN(f.denominator) < f.numerator
}

// Host is that of the copy.
func (f *Filter) Host() string { return f.host }

// WithoutBody says that the copy has no body.
func (f *Filter) WithoutBody() bool { return f.withoutBody }
