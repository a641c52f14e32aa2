package rewrite

import (
	"net/netip"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

func exchange(path, query string) *filter.Exchange {
	r := &wire.Request{Method: []byte("GET"), Authority: []byte("shop.example.com:8080"), Path: []byte(path), Query: []byte(query), HasQuery: query != ""}
	return &filter.Exchange{Request: r, Host: []byte("shop.example.com"), Path: r.Path, Client: netip.MustParseAddrPort("192.0.2.1:1"), Port: 8080}
}

func TestPathsAreRewritten(t *testing.T) {
	prefix := func(from, to string) ir.PathEdit {
		return ir.PathEdit{Kind: ir.PrefixReplaced, Prefix: from, Value: to}
	}
	tests := map[string]struct {
		edit       ir.PathEdit
		path, want string
	}{
		"the whole path":                     {ir.PathEdit{Kind: ir.PathReplaced, Value: "/new"}, "/a/b", "/new"},
		"a prefix":                           {prefix("/foo", "/xyz"), "/foo/bar", "/xyz/bar"},
		"a prefix with a slash at its end":   {prefix("/foo/", "/xyz/"), "/foo/bar", "/xyz/bar"},
		"a prefix that is all of the path":   {prefix("/foo", "/xyz"), "/foo", "/xyz"},
		"a slash behind the prefix":          {prefix("/foo", "/xyz"), "/foo/", "/xyz/"},
		"a prefix in another spelling":       {prefix("/%66oo/./", "/xyz"), "/foo/bar", "/xyz/bar"},
		"a prefix by the root":               {prefix("/foo", "/"), "/foo/bar", "/bar"},
		"a prefix by nothing":                {prefix("/foo", ""), "/foo/bar", "/bar"},
		"all of the path by the root":        {prefix("/foo", "/"), "/foo", "/"},
		"all of the path by nothing":         {prefix("/foo", ""), "/foo", "/"},
		"the root":                           {prefix("/", "/xyz"), "/bar", "/xyz/bar"},
		"another prefix":                     {prefix("/foo", "/xyz"), "/food", "/food"},
		"a match":                            {ir.PathEdit{Kind: ir.PathSubstituted, Prefix: "^/v[0-9]+/(.*)$", Value: "/$1"}, "/v2/a/b", "/a/b"},
		"a part of the path":                 {ir.PathEdit{Kind: ir.PathSubstituted, Prefix: "b+", Value: "x"}, "/abba", "/axa"},
		"two groups":                         {ir.PathEdit{Kind: ir.PathSubstituted, Prefix: "^/(a)/(b)$", Value: "/${2}c/$1"}, "/a/b", "/bc/a"},
		"nothing that matches":               {ir.PathEdit{Kind: ir.PathSubstituted, Prefix: "z", Value: "x"}, "/a", "/a"},
		"a match by what lacks a slash":      {ir.PathEdit{Kind: ir.PathSubstituted, Prefix: "^/(.*)$", Value: "$1"}, "/a", "/a"},
		"the asterisk of OPTIONS stays":      {ir.PathEdit{Kind: ir.PathReplaced, Value: "/new"}, "*", "*"},
		"a host alone leaves the path alone": {ir.PathEdit{}, "/a", "/a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := NewURL(&ir.RewriteURL{Host: "inner.example.com:81", Path: tt.edit})
			if err != nil {
				t.Fatal(err)
			}
			x := exchange(tt.path, "q=1")
			if a := f.OnRequestHead(x); a != nil {
				t.Fatalf("answered %+v", a)
			}
			if r := x.Request; string(r.Path) != tt.want || string(r.Authority) != "inner.example.com:81" || string(r.Query) != "q=1" {
				t.Errorf("got %s %s?%s, want %s", r.Authority, r.Path, r.Query, tt.want)
			}
			if string(x.Path) != tt.path {
				t.Errorf("what was matched has become %q", x.Path)
			}
		})
	}
}

func TestRedirectsNameTheirTarget(t *testing.T) {
	type change func(*filter.Exchange)
	secure := func(x *filter.Exchange) { x.Secure = true }
	port := func(p uint16) change { return func(x *filter.Exchange) { x.Port = p } }
	tests := map[string]struct {
		spec   ir.Redirect
		change change
		want   string
	}{
		"nothing but the status":              {ir.Redirect{Status: 302}, nil, "http://shop.example.com:8080/a?q=1"},
		"on the usual port":                   {ir.Redirect{Status: 302}, port(80), "http://shop.example.com/a?q=1"},
		"over TLS on the usual port":          {ir.Redirect{Status: 302}, func(x *filter.Exchange) { x.Secure, x.Port = true, 443 }, "https://shop.example.com/a?q=1"},
		"over TLS":                            {ir.Redirect{Status: 302}, secure, "https://shop.example.com:8080/a?q=1"},
		"to another scheme":                   {ir.Redirect{Status: 301, Scheme: "https"}, nil, "https://shop.example.com/a?q=1"},
		"to the scheme that it has":           {ir.Redirect{Status: 301, Scheme: "http"}, nil, "http://shop.example.com/a?q=1"},
		"to another host":                     {ir.Redirect{Status: 307, Host: "new.example.com"}, nil, "http://new.example.com:8080/a?q=1"},
		"to another port":                     {ir.Redirect{Status: 308, Port: 8443}, nil, "http://shop.example.com:8443/a?q=1"},
		"to the usual port":                   {ir.Redirect{Status: 303, Port: 80}, nil, "http://shop.example.com/a?q=1"},
		"to a port that is usual elsewhere":   {ir.Redirect{Status: 303, Scheme: "https", Port: 80}, nil, "https://shop.example.com:80/a?q=1"},
		"to another path":                     {ir.Redirect{Status: 302, Path: ir.PathEdit{Kind: ir.PathReplaced, Value: "/b"}}, port(80), "http://shop.example.com/b?q=1"},
		"to another prefix":                   {ir.Redirect{Status: 302, Path: ir.PathEdit{Kind: ir.PrefixReplaced, Prefix: "/a", Value: "/b/"}}, port(80), "http://shop.example.com/b?q=1"},
		"a port that is not known stays away": {ir.Redirect{Status: 302}, port(0), "http://shop.example.com/a?q=1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := NewRedirect(&tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			x := exchange("/a", "q=1")
			if tt.change != nil {
				tt.change(x)
			}
			a := f.OnRequestHead(x)
			if a == nil || a.Status != tt.spec.Status || len(a.Header) != 1 || a.Header[0].Name != "Location" || a.Header[0].Value != tt.want {
				t.Errorf("got %+v, want %s", a, tt.want)
			}
		})
	}
}

func TestARedirectNeedsAHost(t *testing.T) {
	f, err := NewRedirect(&ir.Redirect{Status: 302})
	if err != nil {
		t.Fatal(err)
	}
	x := exchange("/a", "")
	x.Host = nil
	if a := f.OnRequestHead(x); a == nil || a.Status != 400 {
		t.Errorf("got %+v", a)
	}
}

func TestWhatCannotBeUsedIsRefused(t *testing.T) {
	for name, spec := range map[string]ir.RewriteURL{
		"a host with a path":      {Host: "a/b"},
		"a host with a line end":  {Host: "a\r\nb"},
		"a host with a user":      {Host: "a@b"},
		"a port that is empty":    {Host: "a:"},
		"a relative path":         {Path: ir.PathEdit{Kind: ir.PathReplaced, Value: "a"}},
		"a relative prefix":       {Path: ir.PathEdit{Kind: ir.PrefixReplaced, Prefix: "/", Value: "a"}},
		"a path with a query":     {Path: ir.PathEdit{Kind: ir.PathReplaced, Value: "/a?b"}},
		"a broken expression":     {Path: ir.PathEdit{Kind: ir.PathSubstituted, Prefix: "("}},
		"an unknown kind of edit": {Path: ir.PathEdit{Kind: 9}},
	} {
		if _, err := NewURL(&spec); err == nil {
			t.Errorf("%s is taken", name)
		}
		if _, err := NewRedirect(&ir.Redirect{Status: 302, Host: spec.Host, Path: spec.Path}); err == nil {
			t.Errorf("%s is taken for a redirect", name)
		}
	}
	for _, spec := range []ir.Redirect{{Status: 304}, {Status: 302, Scheme: "ftp"}} {
		if _, err := NewRedirect(&spec); err == nil {
			t.Errorf("%+v is taken", spec)
		}
	}
}
