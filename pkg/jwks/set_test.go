package jwks

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func keysOf(t testing.TB) (*rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PublicKey) {
	t.Helper()
	r := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	e := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	d, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r, e, d
}

func text(t testing.TB, keys ...jose.JSONWebKey) []byte {
	t.Helper()
	return must[[]byte](t)(json.Marshal(jose.JSONWebKeySet{Keys: keys}))
}

func TestWhichKeysASetHas(t *testing.T) {
	r, e, d := keysOf(t)
	small := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 1024))
	s, err := Parse(text(t,
		jose.JSONWebKey{Key: r.Public(), KeyID: "r", Use: "sig"},
		jose.JSONWebKey{Key: e, KeyID: "e", Algorithm: "ES256"}, // A private key that should not be there is a public one, too.
		jose.JSONWebKey{Key: d, KeyID: "d"},
		jose.JSONWebKey{Key: r.Public(), KeyID: "enc", Use: "enc"},
		jose.JSONWebKey{Key: small.Public(), KeyID: "small"},
		jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "oct"},
	))
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 3 {
		t.Errorf("the set has %d keys", s.Len())
	}
	public, shared := Algorithms()
	want := map[string]string{
		"r": "PS256 PS384 PS512 RS256 RS384 RS512", "e": "ES256", "d": "EdDSA", "enc": "", "small": "", "oct": "", "other": "",
		"": "EdDSA ES256 PS256 PS384 PS512 RS256 RS384 RS512",
	}
	for id, algorithms := range want {
		var got []string
		for _, a := range append(slices.Clone(public), append(shared, "none", "", "XX256", "RS25")...) {
			if len(s.Find(id, a)) > 0 {
				got = append(got, a)
			}
		}
		if strings.Join(got, " ") != algorithms {
			t.Errorf("the key %q is for %v, want %s", id, got, algorithms)
		}
	}
}

func TestASharedSecretIsForItsAlgorithmsAlone(t *testing.T) {
	s := must[*Set](t)(Shared([]byte("0123456789abcdef0123456789abcdef")))
	public, shared := Algorithms()
	for _, a := range public {
		if len(s.Find("", a)) > 0 {
			t.Errorf("it is for %s", a)
		}
	}
	for _, a := range shared {
		if len(s.Find("any", a)) != 1 {
			t.Errorf("it is not for %s", a)
		}
	}
}

func TestKeysInPEMForm(t *testing.T) {
	r, e, d := keysOf(t)
	var all []byte
	for _, k := range []any{r.Public(), e.Public(), d} {
		all = append(all, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must[[]byte](t)(x509.MarshalPKIXPublicKey(k))})...)
	}
	all = append(all, pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&r.PublicKey)})...)
	s, err := ParsePEM(all)
	if err != nil || s.Len() != 4 || len(s.Find("x", "RS256")) != 2 {
		t.Errorf("got %v, %v", s, err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must[[]byte](t)(x509.MarshalPKCS8PrivateKey(e))})
	for name, text := range map[string][]byte{
		"nothing": nil, "no PEM": []byte("key"), "a private key": private, "a key behind a private one": append(private, all...),
		"a broken key": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}),
	} {
		if s, err := ParsePEM(text); err == nil {
			t.Errorf("%s: got %d keys", name, s.Len())
		}
	}
}

func TestSetsThatCannotBeUsed(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "<html>", "no keys": `{}`, "an empty list": `{"keys":[]}`, "a list": `[]`,
		"keys of an unknown type": `{"keys":[{"kty":"X","kid":"a"},{},1,null,"a"]}`,
		"too many":                `{"keys":[` + strings.Repeat("{},", 300) + `{}]}`,
	} {
		if s, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: got %d keys", name, s.Len())
		}
	}
	if _, err := Shared([]byte("too short")); err == nil {
		t.Error("a short secret is taken")
	}
}

func FuzzParse(f *testing.F) {
	r, e, d := keysOf(f)
	f.Add(text(f, jose.JSONWebKey{Key: r.Public(), KeyID: "r", Use: "sig"}, jose.JSONWebKey{Key: e.Public()}, jose.JSONWebKey{Key: d}))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":"AQAB","e":"AQAB","key_ops":["verify"]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		for i := range s.keys {
			if !usable(s.keys[i].material) {
				t.Errorf("a key of type %T is in the set", s.keys[i].material)
			}
		}
	})
}
