package ir

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
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
	// MaxChain bounds how many certificates a chain has, that of the client and that of the CA included; 0: no bound.
	MaxChain int
	// ErrorPage is a URL where clients are sent (302) that fail to prove who they are, whatever they ask
	// for; they fail in the handshake where it is empty.
	ErrorPage string
}

// cas names the CAs by a hash, as they are long.
func (a *ClientAuth) cas() string {
	if a.CAs == "" {
		return ""
	}
	return "cas=" + digest(a.CAs)
}

// words are all but the mode.
func (a *ClientAuth) words() []string {
	var words []string
	if cas := a.cas(); cas != "" {
		words = append(words, cas)
	}
	if a.MaxChain != 0 {
		words = append(words, "max-chain="+strconv.Itoa(a.MaxChain))
	}
	if a.ErrorPage != "" {
		words = append(words, "error-page="+quote(a.ErrorPage))
	}
	return words
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
	v.check(a.MaxChain >= 0 && (verifies || a.MaxChain == 0), "it bounds chains of client certificates that it does not check")
	v.check(a.ErrorPage == "" || verifies && !strings.ContainsAny(a.ErrorPage, "\r\n\x00"), "it has no use for the place where clients are sent, or that is none")
	v.check(verifies || a.CAs == "", "it has CAs for client certificates that it does not check")
}
