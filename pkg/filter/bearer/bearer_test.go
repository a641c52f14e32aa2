package bearer

import (
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

func spec() *ir.BearerAuth {
	return &ir.BearerAuth{Realm: "shop", Tokens: []ir.BearerToken{
		{Name: "ci", Token: ir.Secret("s3cret-token.1~+/==")}, {Name: "ops", Token: ir.Secret("another")},
	}}
}

func ask(authorization ...string) *filter.Exchange {
	x := &filter.Exchange{Request: new(wire.Request)}
	for _, a := range authorization {
		x.Request.Header.Add("Authorization", []byte(a))
	}
	return x
}

func TestWhoMayPass(t *testing.T) {
	f, err := New(spec())
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		authorization []string
		who, reason   string
	}{
		"a token":                {[]string{"Bearer s3cret-token.1~+/=="}, "ci", ""},
		"another token":          {[]string{"Bearer another"}, "ops", ""},
		"the scheme in any case": {[]string{"bEARER  another "}, "ops", ""},
		"no token":               {nil, "", "token_required"},
		"another scheme":         {[]string{"Basic another"}, "", "token_required"},
		"no scheme":              {[]string{"another"}, "", "token_required"},
		"an unknown token":       {[]string{"Bearer other"}, "", "token_unknown"},
		"a part of a token":      {[]string{"Bearer anothe"}, "", "token_unknown"},
		"a token in upper case":  {[]string{"Bearer ANOTHER"}, "", "token_unknown"},
		"an empty token":         {[]string{"Bearer "}, "", "token_unknown"},
		"the first field counts": {[]string{"Bearer other", "Bearer another"}, "", "token_unknown"},
		"a token that is long":   {[]string{"Bearer " + strings.Repeat("a", 1<<16)}, "", "token_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			x := ask(tt.authorization...)
			a := f.OnRequestHead(x)
			if string(x.Principal) != tt.who {
				t.Errorf("it is %q, want %q", x.Principal, tt.who)
			}
			if tt.reason == "" {
				if a != nil || x.Request.Header.Has("Authorization") {
					t.Errorf("got %+v, and the endpoint gets %q", a, x.Request.Header.Get("Authorization"))
				}
				return
			}
			if a == nil || a.Status != 401 || a.Reason != tt.reason {
				t.Fatalf("got %+v, want 401 for %s", a, tt.reason)
			}
			asked := a.Header[0].Value
			if !strings.HasPrefix(asked, `Bearer realm="shop"`) || strings.Contains(asked, "invalid_token") != (tt.reason == "token_unknown") {
				t.Errorf("it asks by %q", asked)
			}
		})
	}
}

func TestTheTokenIsForwardedWhereAskedFor(t *testing.T) {
	s := spec()
	s.Forward = true
	f, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	x := ask("Bearer another")
	if a := f.OnRequestHead(x); a != nil || string(x.Request.Header.Get("Authorization")) != "Bearer another" {
		t.Errorf("got %+v and %q", a, x.Request.Header.Get("Authorization"))
	}
}

func TestTokensThatCannotBeUsed(t *testing.T) {
	for name, tokens := range map[string][]ir.BearerToken{
		"none":           nil,
		"an empty one":   {{Name: "a"}},
		"one of padding": {{Name: "a", Token: ir.Secret("==")}},
		"with a space":   {{Name: "a", Token: ir.Secret("a b")}},
		"with a line":    {{Name: "a", Token: ir.Secret("a\n")}},
		"one for two":    {{Name: "a", Token: ir.Secret("t")}, {Name: "b", Token: ir.Secret("t")}},
	} {
		if f, err := New(&ir.BearerAuth{Tokens: tokens}); err == nil || f != nil {
			t.Errorf("%s: got a filter", name)
		} else if strings.Contains(err.Error(), "a b") {
			t.Errorf("%s: the error tells the token: %v", name, err)
		}
	}
}
