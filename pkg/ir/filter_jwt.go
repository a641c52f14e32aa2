package ir

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// JWT asks for a JSON Web Token (RFC 7519) and answers 401 to who has no good one.
type JWT struct {
	// Keys are what signatures are verified with.
	Keys TokenKeys
	// Algorithms are those that are accepted, sorted, such as "RS256"; for Keys.HMAC those of
	// HMAC, for all others those of public keys.
	Algorithms []string
	// Issuers and Audiences are those that are accepted; empty means any.
	Issuers, Audiences []string
	// Leeway is how far clocks may be apart.
	Leeway time.Duration
	// From are the places that may hold the token; the first that does counts.
	From []TokenSource
	// Headers are the fields that the endpoint gets; those of clients are removed.
	Headers []ClaimHeader
	// Principal is the claim that says who it is.
	Principal string
	// Realm is told to who has no token.
	Realm string
	// Optional lets requests without a token pass.
	Optional bool
	// Forward sends the token on to the endpoint.
	Forward bool
}

// TokenKeys says what signatures are verified with: exactly one of URL, JWKS, PEM and HMAC.
type TokenKeys struct {
	// URL is where a JSON Web Key Set is, http or https.
	URL string
	// Refresh is how often it is fetched, with URL at least a second.
	Refresh time.Duration
	// CAs are those that its host's certificate must lead to, in PEM form; empty means
	// those of the system.
	CAs string
	// JWKS is a JSON Web Key Set.
	JWKS string
	// PEM holds public keys or certificates.
	PEM string
	// HMAC is a shared secret.
	HMAC Secret
}

// TokenSourceKind is a part of a request.
type TokenSourceKind uint8

const (
	// TokenHeader is a header field.
	TokenHeader TokenSourceKind = iota
	// TokenCookie is a cookie.
	TokenCookie
	// TokenQuery is a query parameter.
	TokenQuery
)

// String returns the kind in lower case.
func (k TokenSourceKind) String() string {
	switch k {
	case TokenHeader:
		return "header"
	case TokenCookie:
		return "cookie"
	case TokenQuery:
		return "query"
	}
	return "source(" + strconv.Itoa(int(k)) + ")"
}

// TokenSource is a place that may hold a token.
type TokenSource struct {
	Kind TokenSourceKind
	// Name is that of the field, cookie or parameter.
	Name string
	// Prefix stands before the token in a field, in any case, such as "Bearer ".
	Prefix string
}

// ClaimHeader sends a claim as a field. The claim is as filter.Claims.Text has it.
type ClaimHeader struct{ Name, Claim string }

func (*JWT) isFilter() {}

func (j *JWT) words() string {
	text := "jwt " + j.Keys.words() + " algorithms=" + strings.Join(j.Algorithms, ",") + " leeway=" + j.Leeway.String() +
		" principal=" + quote(j.Principal) + " realm=" + quote(j.Realm)
	for _, issuer := range j.Issuers {
		text += " issuer=" + quote(issuer)
	}
	for _, audience := range j.Audiences {
		text += " audience=" + quote(audience)
	}
	for _, s := range j.From {
		text += " from=" + s.Kind.String() + ":" + quote(s.Name)
		if s.Prefix != "" {
			text += "+" + quote(s.Prefix)
		}
	}
	for _, h := range j.Headers {
		text += " header=" + quote(h.Name) + ":" + quote(h.Claim)
	}
	if j.Optional {
		text += " optional"
	}
	if j.Forward {
		text += " forward"
	}
	return text
}

func (k *TokenKeys) words() string {
	digest := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "sha256:" + hex.EncodeToString(sum[:8])
	}
	var words []string
	if k.URL != "" {
		words = append(words, "url="+quote(k.URL), "refresh="+k.Refresh.String())
	}
	for _, part := range []struct{ name, text string }{{"cas", k.CAs}, {"jwks", k.JWKS}, {"pem", k.PEM}, {"hmac", string(k.HMAC)}} {
		if part.text != "" {
			words = append(words, part.name+"="+digest(part.text))
		}
	}
	return strings.Join(words, " ")
}

func (v *validator) jwt(j *JWT) {
	v.tokenKeys(&j.Keys)
	v.check(len(j.Algorithms) > 0, "no algorithm of tokens is accepted")
	for _, a := range j.Algorithms {
		v.check(strings.HasPrefix(a, "HS") == (len(j.Keys.HMAC) > 0) && !strings.EqualFold(a, "none"), "an algorithm of tokens does not fit the keys")
	}
	v.check(j.Leeway >= 0, "the leeway of tokens is negative")
	v.check(len(j.From) > 0, "no place may hold a token")
	for _, s := range j.From {
		v.check(s.Kind <= TokenQuery && s.Name != "", "a place of tokens is of unknown kind, or has no name")
		v.check(s.Prefix == "" || s.Kind == TokenHeader, "a place of tokens that is no field has a prefix")
	}
	for _, h := range j.Headers {
		v.check(h.Name != "" && h.Claim != "", "a claim is sent on without a name")
		v.check(!ManagedHeader(strings.ToLower(h.Name)), "a claim is sent on as a field of the connection")
	}
	v.check(!strings.ContainsAny(j.Realm, "\"\\\r\n"), "the realm holds what a header cannot")
}

func (v *validator) tokenKeys(k *TokenKeys) {
	kinds := 0
	for _, is := range []bool{k.URL != "", k.JWKS != "", k.PEM != "", len(k.HMAC) > 0} {
		if is {
			kinds++
		}
	}
	v.check(kinds == 1, "a token has no keys, or of several kinds")
	v.check((k.URL != "") == (k.Refresh >= time.Second), "the keys of a URL are fetched too often, or others are fetched")
	v.check(k.CAs == "" || k.URL != "", "keys without a URL have CAs")
}
