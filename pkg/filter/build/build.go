// Package build makes filter instances from their descriptions.
//
// In comes an ir.Filter; out comes an instance that implements one or more of
// the phases of pkg/filter. It is the one place that knows every kind of
// filter; pkg/app hands Build to table.Compile. Any goroutine may call it.
package build

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/filter/activelimit"
	"github.com/sluice-dev/sluice/pkg/filter/anyof"
	"github.com/sluice-dev/sluice/pkg/filter/basicauth"
	"github.com/sluice-dev/sluice/pkg/filter/bearer"
	"github.com/sluice-dev/sluice/pkg/filter/bodies"
	"github.com/sluice-dev/sluice/pkg/filter/clientcert"
	"github.com/sluice-dev/sluice/pkg/filter/compress"
	"github.com/sluice-dev/sluice/pkg/filter/cors"
	"github.com/sluice-dev/sluice/pkg/filter/errorpage"
	"github.com/sluice-dev/sluice/pkg/filter/extauth"
	"github.com/sluice-dev/sluice/pkg/filter/fault"
	"github.com/sluice-dev/sluice/pkg/filter/headers"
	"github.com/sluice-dev/sluice/pkg/filter/ipaccess"
	"github.com/sluice-dev/sluice/pkg/filter/jwt"
	"github.com/sluice-dev/sluice/pkg/filter/mirror"
	"github.com/sluice-dev/sluice/pkg/filter/ratelimit"
	"github.com/sluice-dev/sluice/pkg/filter/redirect"
	"github.com/sluice-dev/sluice/pkg/filter/respond"
	"github.com/sluice-dev/sluice/pkg/filter/rewrite"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/jwks"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
)

// errNone is the error of a filter that is nil, however it is typed.
var errNone = errors.New("the filter is missing")

// Deps is what filters need of the process.
type Deps struct {
	// Rates counts requests; it outlives tables.
	Rates *rate.Registry
	// Active counts requests under way; it outlives tables.
	Active *activelimit.Registry
	// Keys fetches the keys of tokens; it outlives tables.
	Keys *jwks.Registry
	// Tokens and Passwords remember which were good; they outlive tables.
	Tokens    *jwt.Registry
	Passwords *basicauth.Registry
	// Answers remembers those of external authentication; it outlives tables.
	Answers *extauth.Registry
}

// Build makes the instance of a filter. The error says which value cannot be
// used; a kind without a case here is an error too, so that no filter is ever
// left out silently.
func (d Deps) Build(f ir.Filter) (any, error) {
	if at := reflect.ValueOf(f); f == nil || at.Kind() == reflect.Pointer && at.IsNil() {
		return nil, errNone
	}
	switch f := f.(type) {
	case *ir.RedirectHTTPS:
		return instance(redirect.NewHTTPS(f))
	case *ir.ModifyRequestHeader:
		return instance(headers.NewRequest(f))
	case *ir.ModifyResponseHeader:
		return instance(headers.NewResponse(f))
	case *ir.RewriteURL:
		return instance(rewrite.NewURL(f))
	case *ir.RewriteResponse:
		return instance(rewrite.NewResponse(f))
	case *ir.Redirect:
		return instance(rewrite.NewRedirect(f))
	case *ir.CORS:
		return instance(cors.New(f))
	case *ir.Mirror:
		return instance(mirror.New(f))
	case *ir.IPAccess:
		return instance(ipaccess.New(f))
	case *ir.Fault:
		return instance(fault.New(f))
	case *ir.BasicAuth:
		return instance(basicauth.New(f, d.Passwords))
	case *ir.BearerAuth:
		return instance(bearer.New(f))
	case *ir.ClientCertificate:
		return instance(clientcert.New(f))
	case *ir.ExternalAuth:
		return instance(extauth.New(f, d.Answers))
	case *ir.SatisfyAny:
		return d.any(f)
	case *ir.JWT:
		return instance(jwt.New(f, d.Keys, d.Tokens))
	case *ir.RateLimit:
		return instance(ratelimit.New(f, d.Rates))
	case *ir.ActiveLimit:
		return instance(activelimit.New(f, d.Active))
	case *ir.DirectResponse:
		return instance(respond.NewDirect(f))
	case *ir.Drop:
		return instance(respond.NewDrop(f))
	case *ir.ErrorPage:
		return instance(errorpage.New(f))
	case *ir.BodySize:
		return instance(bodies.NewSize(f))
	case *ir.Bandwidth:
		return instance(bodies.NewBandwidth(f))
	case *ir.Compress:
		return instance(compress.New(f))
	}
	return nil, fmt.Errorf("no filter of kind %T is known", f)
}

// any makes the parts first. Where one cannot be made, the others are given back.
func (d Deps) any(spec *ir.SatisfyAny) (any, error) {
	var parts []filter.RequestHead
	fail := func(err error) (any, error) {
		for _, part := range parts {
			if r, ok := part.(filter.Releaser); ok {
				r.Release()
			}
		}
		return nil, err
	}
	for _, s := range spec.Filters {
		made, err := d.Build(s)
		if err != nil {
			return fail(err)
		}
		part, ok := made.(filter.RequestHead)
		if !ok {
			return fail(fmt.Errorf("a filter of kind %T says nothing of who may pass", s))
		}
		parts = append(parts, part)
	}
	return instance(anyof.New(parts))
}

// instance keeps a nil pointer from becoming an instance that is not nil.
func instance[F any](f *F, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}
