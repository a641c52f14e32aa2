package ir

import (
	"crypto/sha256"
	"encoding/hex"
)

// ClientAuthMode says what a listener asks of the certificates of clients.
type ClientAuthMode uint8

const (
	// ClientAuthNone asks for none.
	ClientAuthNone ClientAuthMode = iota
	// ClientAuthRequire serves clients alone that have a valid one
	// (Gateway API, AllowValidOnly).
	ClientAuthRequire
	// ClientAuthRequest asks for one and serves every client, also one that has
	// none or an invalid one (Gateway API, AllowInsecureFallback).
	ClientAuthRequest
	// ClientAuthOptional serves clients that have none, too, but none that has an invalid one.
	ClientAuthOptional
)

// String returns the mode as a word.
func (m ClientAuthMode) String() string {
	switch m {
	case ClientAuthNone:
		return "none"
	case ClientAuthRequire:
		return "require"
	case ClientAuthRequest:
		return "request"
	case ClientAuthOptional:
		return "optional"
	}
	return "unknown"
}

// ClientAuth is how clients of a TLS listener prove who they are.
type ClientAuth struct {
	Mode ClientAuthMode
	// CAs are the certificates, in PEM form, that those of clients must lead to;
	// for ClientAuthRequire and ClientAuthOptional alone. One in which no certificate is found lets nobody in.
	CAs string
}

// cas names the CAs by a hash, as they are long.
func (a *ClientAuth) cas() string {
	if a.CAs == "" {
		return ""
	}
	return "cas=" + digest(a.CAs)
}

// digest stands for a long text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:8])
}

func (v *validator) clientAuth(a *ClientAuth) {
	verifies := a.Mode == ClientAuthRequire || a.Mode == ClientAuthOptional
	v.check(a.Mode <= ClientAuthOptional, "the mode of client certificates is unknown")
	v.check(!verifies || a.CAs != "", "it requires client certificates of no CA")
	v.check(verifies || a.CAs == "", "it has CAs for client certificates that it does not check")
}
