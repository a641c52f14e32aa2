package rewrite

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// answered returns what becomes of one field of a response.
func answered(t *testing.T, spec *ir.RewriteResponse, name, value string) string {
	t.Helper()
	f, err := NewResponse(spec)
	if err != nil {
		t.Fatal(err)
	}
	x := exchange("/a", "b;Secure")
	x.Authority, x.Response = x.Request.Authority, &wire.Response{Status: 302}
	x.Response.Header.Add("X-Before", []byte("1"))
	x.Response.Header.Add(name, []byte(value))
	x.Response.Header.Add("X-Behind", []byte(value))
	f.OnEndpointHead(x)
	if h := &x.Response.Header; h.Len() != 3 || string(h.Get("X-Before")) != "1" || string(h.Get("X-Behind")) != value {
		t.Errorf("other fields have changed: %v", h.Fields())
	}
	return string(x.Response.Header.Get(name))
}

// What is wanted is what nginx makes of the same, but for the spaces between attributes, which it sets anew.
func TestCookiesLeadElsewhere(t *testing.T) {
	domain := ir.RewriteResponse{CookieDomain: []ir.Substitution{{From: ".inner.example", To: ".example.com"}}}
	path := ir.RewriteResponse{CookiePath: []ir.Substitution{{From: "/app/", To: "/"}}}
	expressions := ir.RewriteResponse{
		CookieDomain: []ir.Substitution{{From: `inner\.([a-z]+)`, To: "out.$1", Regex: true}},
		CookiePath:   []ir.Substitution{{From: "^/app/(.*)$", To: "/x/$1", Regex: true}},
	}
	escapes := ir.RewriteResponse{CookiePath: []ir.Substitution{{From: "/", To: "{query}"}}}
	variables := ir.RewriteResponse{CookieDomain: []ir.Substitution{{From: "inner.example", To: "{host}"}}, CookiePath: []ir.Substitution{{From: "/", To: "{path}"}}}
	for name, tt := range map[string]struct {
		spec       ir.RewriteResponse
		from, want string
	}{
		"a domain":                             {domain, "a=b; Domain=inner.example", "a=b; Domain=example.com"},
		"a dot stays":                          {domain, "a=b; domain=.INNER.example; Secure", "a=b; domain=.example.com; Secure"},
		"a name below it":                      {domain, "a=b; Domain=x.inner.example", "a=b; Domain=x.inner.example"},
		"spaces and nothing":                   {domain, "a=b;Domain= inner.example ;Path=/q;;X", "a=b;Domain= example.com ;Path=/q;;X"},
		"a cookie of that name":                {domain, "Domain=inner.example", "Domain=inner.example"},
		"what is no cookie":                    {domain, "a; Domain=inner.example", "a; Domain=inner.example"},
		"a cookie without a name":              {domain, "=v; Domain=inner.example", "=v; Domain=example.com"},
		"an attribute twice":                   {domain, "a=b; Domain = inner.example; Domain=inner.example", "a=b; Domain = example.com; Domain=example.com"},
		"quotes are part of it":                {domain, `a=b; Domain="inner.example"`, `a=b; Domain="inner.example"`},
		"two dots":                             {domain, "a=b; Domain=..inner.example", "a=b; Domain=..inner.example"},
		"an attribute without a value":         {domain, "a=b; Domain", "a=b; Domain"},
		"nothing":                              {domain, "", ""},
		"a path":                               {path, "a=b; Path=/app/x; HttpOnly", "a=b; Path=/x; HttpOnly"},
		"a shorter path":                       {path, "a=b; path=/app", "a=b; path=/app"},
		"a path in another case":               {path, "a=b; PATH=/App/", "a=b; PATH=/App/"},
		"a value that is such a path":          {path, "a=/app/; Path=/app/", "a=/app/; Path=/"},
		"a path at the end of nothing":         {path, "a=b; Path=", "a=b; Path="},
		"expressions":                          {expressions, "a=b; Path=/app/x/y; Domain=www.inner.example.org", "a=b; Path=/x/x/y; Domain=out.example"},
		"an expression for a path has a case":  {expressions, "a=b; Path=/APP/", "a=b; Path=/APP/"},
		"an expression for a domain has none":  {expressions, "a=b; Domain=INNER.foo", "a=b; Domain=out.foo"},
		"a variable":                           {variables, "a=b; Domain=inner.example", "a=b; Domain=shop.example.com"},
		"a variable that would add attributes": {escapes, "a=b; Path=/", "a=b; Path=/"},
		"attributes that the rule adds":        {ir.RewriteResponse{CookiePath: []ir.Substitution{{From: "/", To: "/; SameSite=None; Secure"}}}, "a=b; Path=/; HttpOnly", "a=b; Path=/; SameSite=None; Secure; HttpOnly"},
		"the first rule that fits":             {ir.RewriteResponse{CookiePath: []ir.Substitution{{From: "/b", To: "/1"}, {From: "/a", To: "/2"}, {From: "/", To: "/3"}}}, "a=b; Path=/a", "a=b; Path=/2"},
		"a dollar":                             {ir.RewriteResponse{CookiePath: []ir.Substitution{{From: "/", To: "/$1"}}}, "a=b; Path=/", "a=b; Path=/$1"},
		"a dollar beside groups":               {ir.RewriteResponse{CookiePath: []ir.Substitution{{From: "^/(a)?(b)", To: "$1$2$3$$1", Regex: true}}}, "a=b; Path=/b/c", "a=b; Path=b$1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := answered(t, &tt.spec, "Set-Cookie", tt.from); got != tt.want {
				t.Errorf("%q becomes %q, want %q", tt.from, got, tt.want)
			}
		})
	}
}

func TestRedirectsLeadElsewhere(t *testing.T) {
	prefix := ir.RewriteResponse{Location: []ir.Substitution{{From: "http://inner/a/", To: "/b/"}}}
	expression := ir.RewriteResponse{Location: []ir.Substitution{{From: "(?i)^http://([a-z]+)/(.*)", To: "https://{host}/$1/$2", Regex: true}}}
	own := ir.RewriteResponse{Location: []ir.Substitution{{From: "http://{host}/", To: "https://{authority}/"}}}
	for name, tt := range map[string]struct {
		spec              ir.RewriteResponse
		field, from, want string
	}{
		"a prefix":                     {prefix, "Location", "http://inner/a/b?c", "/b/b?c"},
		"a prefix in another case":     {prefix, "Location", "http://INNER/a/b", "http://INNER/a/b"},
		"a shorter one":                {prefix, "Location", "http://inner/a", "http://inner/a"},
		"a refresh":                    {prefix, "Refresh", "5; url=http://inner/a/x", "5; url=/b/x"},
		"a refresh in upper case":      {prefix, "refresh", "5;URL=http://inner/a/x", "5;URL=/b/x"},
		"a refresh of the same page":   {prefix, "Refresh", "5", "5"},
		"the first URL of a refresh":   {prefix, "Refresh", "5; url=/a url=http://inner/a/", "5; url=/a url=http://inner/a/"},
		"an expression":                {expression, "Location", "http://inner/a/b", "https://shop.example.com/inner/a/b"},
		"a semicolon that was there":   {expression, "Location", "HTTP://inner/a;j=1", "https://shop.example.com/inner/a;j=1"},
		"a variable in what it was":    {own, "Location", "http://shop.example.com/a/b", "https://shop.example.com:8080/a/b"},
		"another field":                {own, "Content-Location", "http://shop.example.com/a/b", "http://shop.example.com/a/b"},
		"a cookie for another purpose": {own, "Set-Cookie", "a=b; Path=http://shop.example.com/", "a=b; Path=http://shop.example.com/"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := answered(t, &tt.spec, tt.field, tt.from); got != tt.want {
				t.Errorf("%q becomes %q, want %q", tt.from, got, tt.want)
			}
		})
	}
}

func TestResponsesAreNotRewrittenByNonsense(t *testing.T) {
	for name, s := range map[string]ir.Substitution{
		"an expression that is none":  {From: "(", To: "a", Regex: true},
		"an unknown variable":         {From: "a", To: "{nothing}"},
		"an unknown variable in from": {From: "{nothing}", To: "a"},
		"a dollar for nothing":        {From: "a", To: "$x", Regex: true},
		"a dollar at the end":         {From: "a", To: "$", Regex: true},
		"two lines":                   {From: "a", To: "a\r\nb"},
	} {
		t.Run(name, func(t *testing.T) {
			if f, err := NewResponse(&ir.RewriteResponse{Location: []ir.Substitution{s}}); err == nil {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestRewritingAResponseDoesNotAllocate(t *testing.T) {
	f, err := NewResponse(&ir.RewriteResponse{CookiePath: []ir.Substitution{{From: "/app/", To: "/"}}, Location: []ir.Substitution{{From: "http://inner/", To: "/"}}})
	if err != nil {
		t.Fatal(err)
	}
	x := exchange("/a", "")
	x.Scratch, x.Response = make([]byte, 0, 4096), &wire.Response{}
	x.Response.Header.Add("Set-Cookie", nil)
	x.Response.Header.Add("Location", nil)
	cookie, location := []byte("a=b; Path=/app/; Secure"), []byte("http://inner/x")
	if n := testing.AllocsPerRun(100, func() {
		x.Scratch = x.Scratch[:0]
		fields := x.Response.Header.Fields()
		fields[0].Value, fields[1].Value = cookie, location
		f.OnEndpointHead(x)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got := x.Response.Header.Get("Location"); string(got) != "/x" {
		t.Errorf("got %q", got)
	}
}

// FuzzResponse has a simple reading of cookies, which takes them apart and puts them together again, say
// what becomes of one.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{"a=b; Path=/app/x; Domain=.inner.example", "a;Path=/app/", "=;path=/app/;;DOMAIN= inner.example ", "a=b; Path=/app/; Path=/app/"} {
		f.Add([]byte(seed), []byte("http://inner/a"))
	}
	made, err := NewResponse(&ir.RewriteResponse{
		CookiePath: []ir.Substitution{{From: "/app/", To: "/"}}, CookieDomain: []ir.Substitution{{From: "inner.example", To: "example.com"}},
		Location: []ir.Substitution{{From: "http://inner/", To: "/"}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, cookie, location []byte) {
		x := &filter.Exchange{Request: &wire.Request{}, Response: &wire.Response{}}
		x.Response.Header.Add("Set-Cookie", cookie)
		x.Response.Header.Add("Location", location)
		x.Response.Header.Add("Refresh", location)
		made.OnEndpointHead(x)
		if got := x.Response.Header.Get("Set-Cookie"); !bytes.Equal(got, simpleCookie(cookie)) {
			t.Errorf("%q becomes %q, want %q", cookie, got, simpleCookie(cookie))
		}
		want := location
		if rest, found := bytes.CutPrefix(location, []byte("http://inner/")); found {
			want = append([]byte("/"), rest...)
		}
		if got := x.Response.Header.Get("Location"); !bytes.Equal(got, want) {
			t.Errorf("%q becomes %q", location, got)
		}
	})
}

func simpleCookie(cookie []byte) []byte {
	parts := strings.Split(string(cookie), ";")
	if !strings.Contains(parts[0], "=") {
		return cookie
	}
	for i, part := range parts[1:] {
		key, value, _ := strings.Cut(part, "=")
		inner := strings.Trim(value, " \t")
		changed := inner
		switch name := strings.Trim(key, " \t"); {
		case wire.EqualName([]byte(name), "path") && strings.HasPrefix(inner, "/app/"):
			changed = "/" + strings.TrimPrefix(inner, "/app/")
		case wire.EqualName([]byte(name), "domain") && wire.EqualName([]byte(strings.TrimPrefix(inner, ".")), "inner.example"):
			changed = strings.TrimSuffix(inner, strings.TrimPrefix(inner, ".")) + "example.com"
		}
		if changed == inner {
			continue
		}
		before, after, _ := strings.Cut(value, inner)
		parts[i+1] = key + "=" + before + changed + after
	}
	return []byte(strings.Join(parts, ";"))
}
