package ir

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// BasicAuth asks for a name and a password (RFC 7617) and answers 401 to who has none.
type BasicAuth struct {
	// Users is an htpasswd file: lines of NAME:HASH.
	Users Secret
	// Realm is what browsers show.
	Realm string
}

func (*BasicAuth) isFilter() {}

func (b *BasicAuth) words() string {
	sum := sha256.Sum256(b.Users)
	return "basic-auth realm=" + quote(b.Realm) + " users=sha256:" + hex.EncodeToString(sum[:8])
}

// ClientCertificate answers 403 unless the connection of the request was made under the
// same demand for a certificate of the client.
type ClientCertificate struct {
	// Auth is the ID of the ClientAuth.
	Auth string
	// Subject is an RE2 expression that the distinguished name of the certificate (RFC 2253) must
	// match somewhere; empty for none.
	Subject string
}

func (*ClientCertificate) isFilter() {}

func (c *ClientCertificate) words() string {
	return "client-certificate auth=" + quote(c.Auth) + c.subject()
}

func (c *ClientCertificate) subject() string {
	if c.Subject == "" {
		return ""
	}
	return " subject=" + quote(c.Subject)
}

func (v *validator) basicAuth(b *BasicAuth) {
	v.check(len(b.Users) > 0, "nobody may pass basic authentication")
	v.check(!strings.ContainsAny(b.Realm, "\"\\\r\n"), "the realm holds what a header cannot")
}
