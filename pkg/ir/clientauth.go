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
	}
	return "unknown"
}

// ClientAuth is how clients of a TLS listener prove who they are.
type ClientAuth struct {
	Mode ClientAuthMode
	// CAs are the certificates, in PEM form, that those of clients must lead to;
	// for ClientAuthRequire alone. One in which no certificate is found lets nobody in.
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
	v.check(a.Mode <= ClientAuthRequest, "the mode of client certificates is unknown")
	v.check(a.Mode != ClientAuthRequire || a.CAs != "", "it requires client certificates of no CA")
	v.check(a.Mode == ClientAuthRequire || a.CAs == "", "it has CAs for client certificates that it does not check")
}
