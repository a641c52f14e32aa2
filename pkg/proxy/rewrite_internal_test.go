package proxy

import (
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/filter/rewrite"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// FuzzARewrittenPathIsNormal rewrites paths in all ways: whatever is forwarded is
// spelt in the one way that rules are about, so that an endpoint behind cannot
// read it as another path than a rule would.
func FuzzARewrittenPathIsNormal(f *testing.F) {
	f.Add("/a/b", "/a", "/", uint8(ir.PrefixReplaced))
	f.Add("/a/b", "/a", "/..", uint8(ir.PrefixReplaced))
	f.Add("/a/b", "/%61/", "/c/%2e%2E/d", uint8(ir.PrefixReplaced))
	f.Add("/a/..;/b", "", "/x/./y", uint8(ir.PathReplaced))
	f.Add("/v1/%2E%2E/admin", "^/v[0-9]+/", "/.", uint8(ir.PathSubstituted))
	f.Add("/a.x/b", "x/", "./", uint8(ir.PathSubstituted))
	f.Add("/a/%2", "(.*)", "$1$1%", uint8(ir.PathSubstituted))
	f.Fuzz(func(t *testing.T, path, prefix, value string, kind uint8) {
		normal, err := match.NormalizePath([]byte(path), nil)
		if err != nil || len(normal) == 0 || normal[0] != '/' {
			return
		}
		made, err := rewrite.NewURL(&ir.RewriteURL{Path: ir.PathEdit{Kind: ir.PathEditKind(kind % 4), Prefix: prefix, Value: value}})
		if err != nil {
			return
		}
		x := newExchange()
		x.in.Path, x.req.Path = normal, normal
		x.fx = filter.Exchange{Request: &x.req, Path: normal}
		if a := x.onRequest(&filter.Chain{RequestHead: []filter.RequestHead{made}}); a != nil {
			if a.Status != 400 {
				t.Errorf("%q is answered %d", path, a.Status)
			}
			return
		}
		again, err := match.NormalizePath(x.req.Path, nil)
		if err != nil || string(again) != string(x.req.Path) || again[0] != '/' {
			t.Errorf("%q is forwarded as %q, which reads %q, %v", path, x.req.Path, again, err)
		}
	})
}
