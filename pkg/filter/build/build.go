// Package build makes filter instances from their descriptions.
//
// In comes an ir.Filter; out comes an instance that implements one or more of
// the phases of pkg/filter. It is the one place that knows every kind of
// filter; pkg/app hands Build to table.Compile. Any goroutine may call it.
package build

import (
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/pkg/filter/redirect"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// errNone is the error of a filter that is nil, however it is typed.
var errNone = errors.New("the filter is missing")

// Build makes the instance of a filter. The error says which value cannot be
// used; a kind without a case here is an error too, so that no filter is ever
// left out silently.
func Build(f ir.Filter) (any, error) {
	switch f := f.(type) {
	case nil:
		return nil, errNone
	case *ir.RedirectHTTPS:
		if f == nil {
			return nil, errNone
		}
		return instance(redirect.NewHTTPS(f))
	}
	return nil, fmt.Errorf("no filter of kind %T is known", f)
}

// instance keeps a nil pointer from becoming an instance that is not nil.
func instance[F any](f *F, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}
