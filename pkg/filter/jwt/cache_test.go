package jwt

import (
	"reflect"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/jwks"
)

// TestWhatFiltersShare makes a second filter beside a first, as a new table does: they share what they know where the
// same tokens are good for both and say the same.
func TestWhatFiltersShare(t *testing.T) {
	keys := jwks.NewRegistry(jwks.Options{Offline: true})
	t.Cleanup(keys.Close)
	shared := func(s *ir.JWT) { s.Keys, s.Algorithms = ir.TokenKeys{HMAC: secret}, []string{"HS256"} }
	fetched := func(s *ir.JWT) { s.Keys = ir.TokenKeys{URL: "https://id.example/keys", Refresh: time.Minute} }
	for name, tt := range map[string]struct {
		before, change func(*ir.JWT)
		share          bool
	}{
		"all is as before":        {nil, func(*ir.JWT) {}, true},
		"another leeway":          {nil, func(s *ir.JWT) { s.Leeway++ }, true},
		"other places":            {nil, func(s *ir.JWT) { s.From = append(s.From, ir.TokenSource{Kind: ir.TokenCookie, Name: "t"}) }, true},
		"another realm":           {nil, func(s *ir.JWT) { s.Realm = "r" }, true},
		"none is needed any more": {nil, func(s *ir.JWT) { s.Optional = true }, true},
		"they are sent on":        {nil, func(s *ir.JWT) { s.Forward = true }, true},
		"the same secret":         {shared, func(*ir.JWT) {}, true},
		"another secret":          {shared, func(s *ir.JWT) { s.Keys.HMAC = append(ir.Secret("x"), secret...) }, false},
		"the same URL":            {fetched, func(*ir.JWT) {}, true},
		"another URL":             {fetched, func(s *ir.JWT) { s.Keys.URL += "/new" }, false},
		"other keys":              {nil, func(s *ir.JWT) { s.Keys.JWKS += "\n" }, false},
		"another algorithm less":  {nil, func(s *ir.JWT) { s.Algorithms = []string{"RS256"} }, false},
		"another issuer":          {nil, func(s *ir.JWT) { s.Issuers = []string{"https://id.example/", "https://other.example/"} }, false},
		"an issuer as audience":   {nil, func(s *ir.JWT) { s.Issuers, s.Audiences = nil, append(s.Issuers, s.Audiences...) }, false},
		"another audience":        {nil, func(s *ir.JWT) { s.Audiences = []string{"other"} }, false},
		"another name":            {nil, func(s *ir.JWT) { s.Principal = "email" }, false},
		"another field":           {nil, func(s *ir.JWT) { s.Headers[0].Claim = "email" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			var registry Registry
			filterOf := func(changes ...func(*ir.JWT)) *Filter {
				s := spec(t)
				for _, change := range changes {
					if change != nil {
						change(s)
					}
				}
				f, err := New(s, keys, &registry)
				if err != nil {
					t.Fatal(err)
				}
				return f
			}
			first, second := filterOf(tt.before), filterOf(tt.before, tt.change)
			if share := first.memory == second.memory; share != tt.share {
				t.Errorf("they share what they know: %v", share)
			}
			first.Release()
			second.Release()
			if n := registry.shared.Len(); n != 0 {
				t.Errorf("%d memories are left", n)
			}
		})
	}
}

// TestEachFieldIsSharedOrNot makes whoever adds a field say whether what is known of tokens depends on it.
func TestEachFieldIsSharedOrNot(t *testing.T) {
	depends := map[string]bool{
		"Keys": true, "Algorithms": true, "Issuers": true, "Audiences": true, "Headers": true, "Principal": true,
		"Leeway": false, "From": false, "Realm": false, "Optional": false, "Forward": false,
	}
	typ := reflect.TypeFor[ir.JWT]()
	for i := range typ.NumField() {
		if _, known := depends[typ.Field(i).Name]; !known {
			t.Errorf("does what is known of tokens depend on %s? If so, identity must have it", typ.Field(i).Name)
		}
	}
	if n := reflect.TypeFor[ir.TokenKeys]().NumField(); n != 6 {
		t.Errorf("keys have %d fields: identity must have all of them", n)
	}
}

// TestATokenIsKnownToTheNextFilter counts verifications, and takes the key away.
func TestATokenIsKnownToTheNextFilter(t *testing.T) {
	var registry Registry
	filterOf := func(change func(*ir.JWT)) *Filter {
		s := spec(t)
		change(s)
		f, err := New(s, nil, &registry)
		if err != nil {
			t.Fatal(err)
		}
		f.now = func() time.Time { return now }
		return f
	}
	token := sign(t, jose.HS256, secret, "", claims(nil))
	of := func(key []byte) func(*ir.JWT) {
		return func(s *ir.JWT) { s.Keys, s.Algorithms = ir.TokenKeys{HMAC: key}, []string{"HS256"} }
	}
	first := filterOf(of(secret))
	if a := first.OnRequestHead(ask(token)); a != nil {
		t.Fatalf("got %+v", a)
	}
	second := filterOf(of(secret))
	first.Release()
	if second.memory.cache.get(identify([]byte(token))) == nil {
		t.Error("the token is not known any more")
	}
	if a := second.OnRequestHead(ask(token)); a != nil {
		t.Errorf("got %+v", a)
	}
	third := filterOf(of([]byte("fedcba9876543210fedcba9876543210")))
	if a := third.OnRequestHead(ask(token)); a == nil || a.Reason != "token_signature" {
		t.Errorf("with another secret: got %+v", a)
	}
	second.Release()
	third.Release()
}
