package ir

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// BearerAuth asks for one of some tokens (RFC 6750 section 2.1) and answers 401 to who
// has none.
type BearerAuth struct {
	// Tokens are sorted by Name.
	Tokens []BearerToken
	// Realm is told to who has no token.
	Realm string
	// Forward sends the token on to the endpoint.
	Forward bool
}

// BearerToken is a token and whose it is.
type BearerToken struct {
	// Name is who has the token, for the log and the endpoint.
	Name  string
	Token Secret
}

func (*BearerAuth) isFilter() {}

func (b *BearerAuth) words() string {
	text := "bearer-auth realm=" + quote(b.Realm)
	if b.Forward {
		text += " forward"
	}
	for _, t := range b.Tokens {
		sum := sha256.Sum256(t.Token)
		text += " " + quote(t.Name) + "=sha256:" + hex.EncodeToString(sum[:8])
	}
	return text
}

func (v *validator) bearerAuth(b *BearerAuth) {
	v.check(len(b.Tokens) > 0, "nobody has a bearer token")
	v.check(!strings.ContainsAny(b.Realm, "\"\\\r\n"), "the realm holds what a header cannot")
	for i, t := range b.Tokens {
		v.check(t.Name != "" && len(t.Token) > 0, "a bearer token is empty, or nobody's")
		v.check(i == 0 || b.Tokens[i-1].Name < t.Name, "the bearer tokens are not in order")
	}
}
