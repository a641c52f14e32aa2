package build

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/filter/activelimit"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
)

// specs holds a sound description of each kind of filter.
var specs = map[string]ir.Filter{
	"RedirectHTTPS":        &ir.RedirectHTTPS{Status: 308, Port: 443},
	"ModifyRequestHeader":  &ir.ModifyRequestHeader{Edit: ir.HeaderEdit{Remove: []string{"x"}}},
	"ModifyResponseHeader": &ir.ModifyResponseHeader{Edit: ir.HeaderEdit{Remove: []string{"x"}}},
	"RewriteURL":           &ir.RewriteURL{Host: "a.example.com"},
	"Redirect":             &ir.Redirect{Status: 302},
	"RewriteResponse":      &ir.RewriteResponse{CookiePath: []ir.Substitution{{From: "/a", To: "/"}}},
	"CORS":                 &ir.CORS{Origins: []string{"*"}},
	"Mirror":               &ir.Mirror{Upstream: "a", Numerator: 1, Denominator: 1},
	"IPAccess":             &ir.IPAccess{},
	"Fault":                &ir.Fault{},
	"BasicAuth":            &ir.BasicAuth{Users: ir.Secret("a:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=")},
	"BearerAuth":           &ir.BearerAuth{Tokens: []ir.BearerToken{{Name: "a", Token: ir.Secret("t")}}},
	"ClientCertificate":    &ir.ClientCertificate{Auth: "require cas=x"},
	"JWT": &ir.JWT{
		Keys: ir.TokenKeys{HMAC: ir.Secret("0123456789abcdef0123456789abcdef")}, Algorithms: []string{"HS256"}, From: []ir.TokenSource{{Name: "Authorization"}},
	},
	"ExternalAuth":   &ir.ExternalAuth{Upstream: "a", Timeout: 1, FailStatus: 503, Path: "/"},
	"SatisfyAny":     &ir.SatisfyAny{Filters: []ir.Filter{&ir.IPAccess{}, &ir.ClientCertificate{Auth: "a"}}},
	"RateLimit":      &ir.RateLimit{Key: "k", Requests: 1, Per: 1, Burst: 1},
	"ActiveLimit":    &ir.ActiveLimit{Key: "k", MaxActive: 1},
	"DirectResponse": &ir.DirectResponse{Status: 200},
	"Drop":           &ir.Drop{},
	"ErrorPage":      &ir.ErrorPage{Statuses: []ir.StatusRange{{From: 400, To: 499}}, ContentType: "text/html", Body: "x"},
	"BodySize":       &ir.BodySize{MaxBytes: 1},
	"Bandwidth":      &ir.Bandwidth{RequestBytesPerSecond: 1},
	"Compress":       &ir.Compress{Codings: []ir.Coding{ir.Gzip}, Types: []string{"text/*"}},
}

func deps(t *testing.T) Deps {
	rates := rate.NewRegistry()
	t.Cleanup(rates.Close)
	return Deps{Rates: rates, Active: new(activelimit.Registry)}
}

func TestEachKindIsBuilt(t *testing.T) {
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) {
			got, err := deps(t).Build(spec)
			if err != nil {
				t.Fatal(err)
			}
			_, onRequest := got.(filter.RequestHead)
			_, onResponse := got.(filter.ResponseHead)
			_, onEndpoint := got.(filter.EndpointHead)
			_, onContent := got.(filter.ResponseBody)
			_, copies := got.(filter.Copy)
			_, replaces := got.(filter.ErrorPage)
			if !onRequest && !onResponse && !onEndpoint && !onContent && !copies && !replaces {
				t.Errorf("%T acts in no phase", got)
			}
		})
	}
}

// TestEachKindOfTheModelIsHere reads the model's source for the types that are
// filters, so that a kind without a case in Build cannot go unseen.
func TestEachKindOfTheModelIsHere(t *testing.T) {
	paths, err := filepath.Glob("../../ir/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			kind, ok := filterKind(d)
			if !ok {
				continue
			}
			found++
			if specs[kind] == nil {
				t.Errorf("ir.%s is a filter that this test does not build", kind)
			}
		}
	}
	if found != len(specs) {
		t.Errorf("the model has %d kinds of filters, this test knows %d", found, len(specs))
	}
}

// filterKind returns T for a declaration of func (*T) isFilter().
func filterKind(d ast.Decl) (string, bool) {
	f, ok := d.(*ast.FuncDecl)
	if !ok || f.Name.Name != "isFilter" || f.Recv == nil {
		return "", false
	}
	star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return "", false
	}
	name, ok := star.X.(*ast.Ident)
	return name.Name, ok
}

type unknown struct{ ir.Filter }

func TestWhatCannotBeBuiltIsAnError(t *testing.T) {
	tests := map[string]struct {
		spec ir.Filter
		want string
	}{
		"nothing":              {nil, "the filter is missing"},
		"a nil pointer":        {(*ir.RedirectHTTPS)(nil), "the filter is missing"},
		"a value out of range": {&ir.RedirectHTTPS{Status: 200, Port: 443}, "status 200"},
		"an unknown kind":      {unknown{}, "no filter of kind build.unknown is known"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := deps(t).Build(tt.spec)
			if got != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want the error %q", got, err, tt.want)
			}
		})
	}
}
