package e2e

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
)

// signer makes the signature of a token.
type signer func(t *testing.T, text string) []byte

// tokenKey is a key pair, as it is announced and as it signs (RFC 7518 section 3.3).
type tokenKey struct {
	id  string
	key *rsa.PrivateKey
}

func newTokenKey(t *testing.T, id string) tokenKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return tokenKey{id, key}
}

func (k tokenKey) sign(t *testing.T, text string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// set is a JSON Web Key Set with the public half alone.
func (k tokenKey) set() string {
	part := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": %q, "n": %q, "e": %q}]}`,
		k.id, part(k.key.N.Bytes()), part(big.NewInt(int64(k.key.E)).Bytes()))
}

func (k tokenKey) token(t *testing.T) string {
	return token(t, map[string]string{"alg": "RS256", "kid": k.id}, k.sign)
}

// sharedToken is a token of a shared secret (RFC 7518 section 3.2).
func sharedToken(t *testing.T, secret string) string {
	return token(t, map[string]string{"alg": "HS256"}, func(_ *testing.T, text string) []byte {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		return mac.Sum(nil)
	})
}

// token makes a token for alice that is good for an hour (RFC 7515 section 3.1).
func token(t *testing.T, header map[string]string, sign signer) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(header) + "." + part(map[string]any{"sub": "alice", "aud": "e2e", "exp": time.Now().Add(time.Hour).Unix()})
	return text + "." + base64.RawURLEncoding.EncodeToString(sign(t, text))
}

// testJWT lets in those with a token, by a shared secret and by keys of a server in the cluster, and changes
// both.
func testJWT(t *testing.T) {
	const oldSecret, newSecret = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	secret := func(value string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: token-key, namespace: " + apps + "}\nstringData: {hmac: " + value + "}\n---\n"
	}
	server := kubectl(t, "-n", apps, "get", "service/blog", "-o", "jsonpath={.spec.clusterIP}")
	apply(t, secret(oldSecret)+`
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: tokens, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [tokens.example.com]
  routes:
  - matches: [{path: {value: /shared}}]
    filters: [{type: JWT, jwt: {keys: {secretName: token-key}, audiences: [e2e], claimsToHeaders: [{header: X-User, claim: sub}]}}]
    backends: [{service: {name: shop, port: 80}}]
  - matches: [{path: {value: /fetched}}]
    filters: [{type: JWT, jwt: {keys: {url: "http://`+server+`/kept", refresh: 10s}, audiences: [e2e], claimsToHeaders: [{header: X-User, claim: sub}]}}]
    backends: [{service: {name: shop, port: 80}}]
  - matches: [{path: {value: /kept}}]
    backends: [{service: {name: blog, port: 80}}]
`)
	f := frontAddress(t)
	const host = "http://tokens.example.com"
	announce := func(set string) {
		t.Helper()
		until(t, patience, "the server has the keys", func() error {
			got, err := f.get(host+"/kept", func(r *http.Request) {
				r.Method, r.Body, r.ContentLength = http.MethodPut, io.NopCloser(strings.NewReader(set)), int64(len(set))
			})
			if err == nil && got.status != http.StatusNoContent {
				err = fmt.Errorf("status %d", got.status)
			}
			return err
		})
	}
	bearer := func(path, token string, status int, text string) {
		t.Helper()
		// Both replicas must say so.
		until(t, patience, path, func() error {
			for range 8 {
				got, err := f.get(host+path, withHeader("Authorization", "Bearer "+token), withHeader("X-User", "root"))
				if err != nil {
					return err
				}
				if got.status != status || !strings.Contains(got.body, text) || strings.Contains(got.body, "root") {
					return fmt.Errorf("status %d, want %d with %q: %.300s", got.status, status, text, got.body)
				}
			}
			return nil
		})
	}
	const alice = `"X-User":["alice"]`
	f.eventually(t, host+"/shared", 401, "")
	bearer("/shared", sharedToken(t, oldSecret), 200, alice)
	bearer("/shared", sharedToken(t, newSecret), 401, "")
	reapply(t, secret(newSecret))
	bearer("/shared", sharedToken(t, newSecret), 200, alice)
	bearer("/shared", sharedToken(t, oldSecret), 401, "")

	first, second := newTokenKey(t, "first"), newTokenKey(t, "second")
	announce(first.set())
	bearer("/fetched", first.token(t), 200, alice)
	bearer("/fetched", second.token(t), 401, "")
	bearer("/fetched", sharedToken(t, newSecret), 401, "")
	announce(second.set())
	bearer("/fetched", second.token(t), 200, alice)
	bearer("/fetched", first.token(t), 401, "")
}
