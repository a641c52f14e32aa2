package jwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/jwks"
	"github.com/sluice-dev/sluice/pkg/wire"
)

var (
	now     = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	secret  = []byte("0123456789abcdef0123456789abcdef")
	rsaKey  = generate(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	ecKey   = generate(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })
	strange = generate(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
)

func generate[K any](make func() (K, error)) K {
	k, err := make()
	if err != nil {
		panic(err)
	}
	return k
}

// claims returns those of a good token, changed.
func claims(change map[string]any) map[string]any {
	c := map[string]any{"sub": "alice", "iss": "https://id.example/", "aud": []string{"shop", "other"}, "exp": now.Add(time.Hour).Unix(), "nbf": now.Unix()}
	maps.Copy(c, change)
	return c
}

// sign makes a token.
func sign(t testing.TB, algorithm jose.SignatureAlgorithm, key any, keyID string, payload any) string {
	t.Helper()
	options := new(jose.SignerOptions)
	if keyID != "" {
		options = options.WithHeader("kid", keyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, ok := payload.(string)
	if !ok {
		raw, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		text = string(raw)
	}
	signed, err := signer.Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func setOf(t testing.TB) string {
	t.Helper()
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: rsaKey.Public(), KeyID: "r"}, {Key: ecKey.Public(), KeyID: "e"}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func spec(t testing.TB) *ir.JWT {
	return &ir.JWT{
		Keys: ir.TokenKeys{JWKS: setOf(t)}, Algorithms: []string{"ES256", "RS256"},
		Issuers: []string{"https://id.example/"}, Audiences: []string{"shop"}, Leeway: 30 * time.Second,
		From:    []ir.TokenSource{{Kind: ir.TokenHeader, Name: "Authorization", Prefix: "Bearer "}},
		Headers: []ir.ClaimHeader{{Name: "X-User", Claim: "sub"}, {Name: "X-Groups", Claim: "groups"}}, Principal: "sub", Realm: "shop",
	}
}

func newFilter(t testing.TB, s *ir.JWT) *Filter {
	t.Helper()
	f, err := New(s, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.now = func() time.Time { return now }
	return f
}

func ask(token string) *filter.Exchange {
	x := &filter.Exchange{Request: new(wire.Request)}
	if token != "" {
		x.Request.Header.Add("Authorization", []byte("Bearer "+token))
	}
	return x
}

// unsigned makes a token with any head.
func unsigned(head, payload, signature string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + signature
}

func TestWhichTokensAreGood(t *testing.T) {
	good := sign(t, jose.RS256, rsaKey, "r", claims(nil))
	parts := strings.Split(good, ".")
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: generate(func() ([]byte, error) { return x509.MarshalPKIXPublicKey(rsaKey.Public()) })})
	payload, _ := json.Marshal(claims(nil))
	rs := func(change map[string]any) string { return sign(t, jose.RS256, rsaKey, "r", claims(change)) }
	for name, tt := range map[string]struct{ token, reason string }{
		"RSA":                            {good, ""},
		"ECDSA":                          {sign(t, jose.ES256, ecKey, "e", claims(nil)), ""},
		"without the ID of a key":        {sign(t, jose.RS256, rsaKey, "", claims(nil)), ""},
		"one audience":                   {rs(map[string]any{"aud": "shop"}), ""},
		"an end within the leeway":       {rs(map[string]any{"exp": now.Add(-29 * time.Second).Unix()}), ""},
		"a beginning within the leeway":  {rs(map[string]any{"nbf": now.Add(29 * time.Second).Unix()}), ""},
		"parts of seconds":               {rs(map[string]any{"exp": float64(now.Unix()) + 1.5}), ""},
		"none":                           {"", "token_required"},
		"no token":                       {"hello", "token_malformed"},
		"five parts":                     {"a.b.c.d.e", "token_malformed"},
		"empty parts":                    {"..", "token_algorithm"},
		"JSON serialization":             {`{"payload":"","signatures":[]}`, "token_malformed"},
		"no signature":                   {parts[0] + "." + parts[1] + ".", "token_signature"},
		"another payload":                {parts[0] + "." + strings.Split(rs(map[string]any{"sub": "root"}), ".")[1] + "." + parts[2], "token_signature"},
		"the algorithm none":             {unsigned(`{"alg":"none"}`, string(payload), ""), "token_algorithm"},
		"the algorithm None":             {unsigned(`{"alg":"None","kid":"r"}`, string(payload), "AA"), "token_algorithm"},
		"no algorithm":                   {unsigned(`{}`, string(payload), "AA"), "token_algorithm"},
		"HMAC by the public key":         {sign(t, jose.HS256, public, "r", claims(nil)), "token_algorithm"},
		"an algorithm that is not meant": {sign(t, jose.PS256, rsaKey, "r", claims(nil)), "token_algorithm"},
		"another key":                    {sign(t, jose.RS256, strange, "r", claims(nil)), "token_signature"},
		"the ID of another's key":        {sign(t, jose.RS256, rsaKey, "e", claims(nil)), "token_signature"},
		"the ID of no key":               {sign(t, jose.RS256, rsaKey, "x", claims(nil)), "token_signature"},
		"a key of its own":               {embedded(t), "token_signature"},
		"an unencoded payload":           {unsigned(`{"alg":"RS256","b64":false,"crit":["b64"]}`, string(payload), "AA"), "token_malformed"},
		"an unknown critical field":      {unsigned(`{"alg":"RS256","crit":["x"],"x":1}`, string(payload), "AA"), "token_signature"},
		"over":                           {rs(map[string]any{"exp": now.Add(-30 * time.Second).Unix()}), "token_expired"},
		"without an end":                 {rs(map[string]any{"exp": nil}), "token_expired"},
		"an end that is a text":          {rs(map[string]any{"exp": "9999999999"}), "token_expired"},
		"an end that is not of this age": {rs(map[string]any{"exp": 1e30}), "token_expired"},
		"an end below zero":              {rs(map[string]any{"exp": -1}), "token_expired"},
		"too early":                      {rs(map[string]any{"nbf": now.Add(31 * time.Second).Unix()}), "token_not_yet_valid"},
		"a beginning that is a text":     {rs(map[string]any{"nbf": "now"}), "token_malformed"},
		"another issuer":                 {rs(map[string]any{"iss": "https://id.example"}), "token_issuer"},
		"no issuer":                      {rs(map[string]any{"iss": nil}), "token_issuer"},
		"a list of issuers":              {rs(map[string]any{"iss": []string{"https://id.example/"}}), "token_issuer"},
		"another audience":               {rs(map[string]any{"aud": []string{"shop2"}}), "token_audience"},
		"no audience":                    {rs(map[string]any{"aud": nil}), "token_audience"},
		"a claim of two lines":           {rs(map[string]any{"sub": "a\r\nX-Admin: 1"}), "token_claim"},
		"a list with a line break":       {rs(map[string]any{"groups": []string{"a", "b\n"}}), "token_claim"},
		"a payload that is no object":    {sign(t, jose.RS256, rsaKey, "r", `["a"]`), "token_malformed"},
		"a payload that is null":         {sign(t, jose.RS256, rsaKey, "r", `null`), "token_malformed"},
		"a payload of two objects":       {sign(t, jose.RS256, rsaKey, "r", string(payload)+"{}"), "token_malformed"},
		"too long":                       {good + strings.Repeat("A", maxToken), "token_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFilter(t, spec(t))
			for range 2 { // The second time from memory, if that is good.
				x := ask(tt.token)
				x.Request.Header.Add("X-User", []byte("root"))
				a := f.OnRequestHead(x)
				if tt.reason == "" {
					if a != nil || string(x.Principal) != "alice" || string(x.Request.Header.Get("X-User")) != "alice" || x.Request.Header.Has("Authorization") {
						t.Fatalf("got %+v for %q, the endpoint gets the user %q", a, x.Principal, x.Request.Header.Get("X-User"))
					}
					continue
				}
				if a == nil || a.Status != 401 || a.Reason != tt.reason {
					t.Fatalf("got %+v, want 401 for %s", a, tt.reason)
				}
				if x.Claims != nil || x.Principal != nil || x.Request.Header.Has("X-User") {
					t.Errorf("a bad token says that it is %q, %q", x.Principal, x.Request.Header.Get("X-User"))
				}
				if asked := a.Header[0]; asked.Name != "WWW-Authenticate" || !strings.HasPrefix(asked.Value, `Bearer realm="shop"`) ||
					strings.Contains(asked.Value, "invalid_token") == (tt.reason == "token_required") {
					t.Errorf("it asks by %v", asked)
				}
			}
		})
	}
}

// embedded makes a token that brings the key along that it was signed with.
func embedded(t *testing.T) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: strange}, (&jose.SignerOptions{EmbedJWK: true}))
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := json.Marshal(claims(nil))
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestASharedSecret(t *testing.T) {
	s := spec(t)
	s.Keys, s.Algorithms = ir.TokenKeys{HMAC: secret}, []string{"HS256"}
	f := newFilter(t, s)
	if a := f.OnRequestHead(ask(sign(t, jose.HS256, secret, "", claims(nil)))); a != nil {
		t.Errorf("got %+v", a)
	}
	if a := f.OnRequestHead(ask(sign(t, jose.RS256, rsaKey, "", claims(nil)))); a == nil || a.Reason != "token_algorithm" {
		t.Errorf("got %+v", a)
	}
	for name, change := range map[string]func(s *ir.JWT){
		"an algorithm of public keys":   func(s *ir.JWT) { s.Algorithms = []string{"RS256"} },
		"none":                          func(s *ir.JWT) { s.Algorithms = []string{"none"} },
		"no algorithm":                  func(s *ir.JWT) { s.Algorithms = nil },
		"HMAC with public keys":         func(s *ir.JWT) { s.Keys, s.Algorithms = ir.TokenKeys{JWKS: setOf(t)}, []string{"HS256"} },
		"a short secret":                func(s *ir.JWT) { s.Keys.HMAC = secret[:31] },
		"no keys":                       func(s *ir.JWT) { s.Keys, s.Algorithms = ir.TokenKeys{}, []string{"RS256"} },
		"a URL that nothing fetches":    func(s *ir.JWT) { s.Keys, s.Algorithms = ir.TokenKeys{URL: "https://a/"}, []string{"RS256"} },
		"no place that may hold tokens": func(s *ir.JWT) { s.From = nil },
	} {
		s := spec(t)
		s.Keys, s.Algorithms = ir.TokenKeys{HMAC: secret}, []string{"HS256"}
		change(s)
		if _, err := New(s, nil, nil); err == nil {
			t.Errorf("%s: there is a filter", name)
		}
	}
}

func TestWhereTokensStand(t *testing.T) {
	good, bad := sign(t, jose.RS256, rsaKey, "r", claims(nil)), "a.b.c"
	s := spec(t)
	s.From = []ir.TokenSource{
		{Kind: ir.TokenHeader, Name: "X-Token"}, {Kind: ir.TokenCookie, Name: "session"}, {Kind: ir.TokenQuery, Name: "token"},
	}
	for name, tt := range map[string]struct {
		fields []string
		query  string
		// left is what the endpoint gets, and kept what it gets with Forward.
		left, reason string
	}{
		"a field":                {[]string{"X-Token: " + good, "A: 1"}, "", "A: 1|", ""},
		"a cookie":               {[]string{"Cookie: a=1; session=" + good + ";b=2", "Cookie: c=3"}, "", "Cookie: a=1; b=2; c=3|", ""},
		"the only cookie":        {[]string{"Cookie: session=" + good}, "", "|", ""},
		"a query":                {nil, "a=1&token=" + good + "&b=2", "|a=1&b=2", ""},
		"the only parameter":     {nil, "token=" + good, "|", ""},
		"the first place counts": {[]string{"X-Token: " + bad, "Cookie: session=" + good}, "", "", "token_malformed"},
		"an empty field":         {[]string{"X-Token: ", "Cookie: session=" + good}, "", "X-Token: |", ""},
		"the name of another":    {[]string{"Cookie: xsession=" + good}, "Token=" + good, "", "token_required"},
		"Authorization":          {[]string{"Authorization: Bearer " + good}, "", "", "token_required"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, forward := range []bool{false, true} {
				s := *s
				s.Forward, s.Headers = forward, nil
				f := newFilter(t, &s)
				x := &filter.Exchange{Request: &wire.Request{Query: []byte(tt.query), HasQuery: tt.query != ""}}
				for _, line := range tt.fields {
					name, value, _ := strings.Cut(line, ": ")
					x.Request.Header.Add(name, []byte(value))
				}
				before := written(x.Request)
				a := f.OnRequestHead(x)
				if tt.reason != "" {
					if a == nil || a.Reason != tt.reason {
						t.Errorf("got %+v", a)
					}
					continue
				}
				want := tt.left
				if forward {
					want = before
				}
				if got := written(x.Request); a != nil || got != want {
					t.Errorf("forward=%t: got %+v, the endpoint gets %q, want %q", forward, a, got, want)
				}
			}
		})
	}
}

func written(r *wire.Request) string {
	var lines []string
	for _, f := range r.Header.Fields() {
		lines = append(lines, string(f.Name)+": "+string(f.Value))
	}
	return strings.Join(lines, "\n") + "|" + string(r.Query)
}

func TestATokenMayBeOptional(t *testing.T) {
	s := spec(t)
	s.Optional = true
	f := newFilter(t, s)
	x := ask("")
	x.Request.Header.Add("x_user", []byte("root"))
	if a := f.OnRequestHead(x); a != nil || x.Request.Header.Len() != 0 {
		t.Errorf("got %+v, the endpoint gets %q", a, written(x.Request))
	}
	if a := f.OnRequestHead(ask("a.b.c")); a == nil || a.Status != 401 {
		t.Errorf("a bad token: got %+v", a)
	}
}

// TestMemoryForgets makes sure that a token is not good for longer than it says, nor its key.
func TestMemoryForgets(t *testing.T) {
	f := newFilter(t, spec(t))
	clock := now
	f.now = func() time.Time { return clock }
	token := sign(t, jose.RS256, rsaKey, "r", claims(nil))
	if a := f.OnRequestHead(ask(token)); a != nil {
		t.Fatalf("got %+v", a)
	}
	clock = now.Add(time.Hour + time.Minute)
	if a := f.OnRequestHead(ask(token)); a == nil || a.Reason != "token_expired" {
		t.Errorf("after its end: got %+v", a)
	}
	clock = now
	keys, err := jwks.Parse([]byte(`{"keys":[` + strings.TrimSuffix(strings.SplitN(setOf(t), "},", 2)[1], "]}") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	f.memory.keys = keys
	if a := f.OnRequestHead(ask(token)); a == nil || a.Reason != "token_signature" {
		t.Errorf("without its key: got %+v", a)
	}
	for i := range maxRemembered + 10 {
		f.memory.cache.put(tokenID{byte(i), byte(i >> 8)}, new(verified))
	}
	if n := len(f.memory.cache.byID); n != maxRemembered {
		t.Errorf("%d tokens are remembered", n)
	}
}

func TestWithoutKeysNobodyPasses(t *testing.T) {
	registry := jwks.NewRegistry(jwks.Options{Offline: true})
	defer registry.Close()
	s := spec(t)
	s.Keys = ir.TokenKeys{URL: "https://id.example/keys", Refresh: time.Minute}
	f, err := New(s, registry, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	f.patience = time.Millisecond
	a := f.OnRequestHead(ask(sign(t, jose.RS256, rsaKey, "r", claims(nil))))
	if a == nil || a.Status != 503 || a.Reason != "token_keys_missing" {
		t.Errorf("got %+v", a)
	}
}

func FuzzTokens(f *testing.F) {
	filter := newFilter(f, spec(f))
	good := sign(f, jose.RS256, rsaKey, "r", claims(nil))
	f.Add(good)
	f.Add(sign(f, jose.ES256, ecKey, "e", claims(map[string]any{"aud": "shop"})))
	f.Add(unsigned(`{"alg":"none"}`, `{"sub":"a"}`, ""))
	f.Add(unsigned(`{"alg":"RS256","kid":"r","crit":["b64"],"b64":true}`, `{"exp":1e3}`, "AAAA"))
	f.Fuzz(func(t *testing.T, token string) {
		// Whatever is not signed by a known key is refused; base64 has several forms of one text.
		if a := filter.OnRequestHead(ask(token)); a == nil && !strings.HasPrefix(token, good[:20]) && !strings.HasPrefix(token, "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ") {
			t.Errorf("%q is good", token)
		}
	})
}

// BenchmarkVerified measures a request whose token was seen before, BenchmarkFirst one whose
// token was not.
func BenchmarkVerified(b *testing.B) {
	for name, token := range map[string]string{"RS256": sign(b, jose.RS256, rsaKey, "r", claims(nil)), "ES256": sign(b, jose.ES256, ecKey, "e", claims(nil))} {
		for _, remembered := range []bool{true, false} {
			kind := "/first"
			if remembered {
				kind = "/again"
			}
			b.Run(name+kind, func(b *testing.B) {
				f := newFilter(b, spec(b))
				x := &filter.Exchange{Request: new(wire.Request)}
				value := []byte("Bearer " + token)
				b.ReportAllocs()
				for b.Loop() {
					x.Request.Header.Reset()
					x.Request.Header.Add("Authorization", value)
					if a := f.OnRequestHead(x); a != nil {
						b.Fatal(a)
					}
					if !remembered {
						f.memory.cache.byID = nil
					}
				}
			})
		}
	}
}
