package ir

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// UpstreamTLS is how endpoints are spoken with over TLS, and how they prove who they are.
type UpstreamTLS struct {
	// Enabled says that TLS is spoken; without it all other fields are zero.
	Enabled bool
	// ServerName is what is asked for (SNI).
	ServerName string
	// System takes the CAs of the system; CAs are those that an endpoint's certificate
	// must lead to otherwise, in PEM form.
	System bool
	CAs    string
	// Names and URIs are what the certificate must have at least one of: DNS names
	// or IP addresses, and alternative names of the type URI.
	Names, URIs []string
	// Certificate names what Config.Certificates has for endpoints that ask; empty for none.
	Certificate string
	// Unverified talks to whoever answers, as ingress-nginx does unless it is told
	// otherwise. There are neither CAs nor names then.
	Unverified bool
	// MaxChain bounds how many certificates the chain of an endpoint has, that of the CA included; 0: no bound.
	MaxChain int
	// Policy bounds what handshakes may agree on; it has no curves.
	Policy TLSPolicy
}

// Digest returns a short text that differs where t does, for the key of an upstream.
func (t *UpstreamTLS) Digest() string {
	text := fmt.Appendf(nil, "%q %v %q %q %q %q", t.ServerName, t.System, t.CAs, t.Names, t.URIs, t.Certificate)
	if t.Unverified {
		text = append(text, " unverified"...)
	}
	if t.MaxChain != 0 || !t.Policy.Zero() {
		text = fmt.Appendf(text, " %d %v", t.MaxChain, t.Policy)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// words returns the words of a dump.
func (t *UpstreamTLS) words() []string {
	words := []string{"tls"}
	if !t.Enabled {
		words = append(words, "off")
	}
	if t.ServerName != "" {
		words = append(words, "sni="+quote(t.ServerName))
	}
	if t.System {
		words = append(words, "cas=system")
	}
	if t.CAs != "" {
		words = append(words, "cas="+digest(t.CAs))
	}
	if len(t.Names) > 0 {
		words = append(words, "names="+quote(strings.Join(t.Names, ",")))
	}
	if len(t.URIs) > 0 {
		words = append(words, "uris="+quote(strings.Join(t.URIs, ",")))
	}
	if t.Certificate != "" {
		words = append(words, "certificate="+quote(t.Certificate))
	}
	if t.Unverified {
		words = append(words, "unverified")
	}
	if t.MaxChain != 0 {
		words = append(words, "max-chain="+strconv.Itoa(t.MaxChain))
	}
	return append(words, t.Policy.words()...)
}

// String returns what endpoints must prove, in words; it is empty where TLS is not spoken.
func (t *UpstreamTLS) String() string {
	if !t.Enabled {
		return ""
	}
	return strings.Join(t.words()[1:], " ")
}

// zero reports whether nothing is said.
func (t *UpstreamTLS) zero() bool {
	return !t.Enabled && t.ServerName == "" && !t.System && t.CAs == "" && t.Names == nil && t.URIs == nil && t.Certificate == "" && !t.Unverified && t.MaxChain == 0 && t.Policy.Zero()
}

func (v *validator) upstreamTLS(t *UpstreamTLS) {
	if !t.Enabled {
		v.check(t.zero(), "it says something about TLS that is not spoken")
		return
	}
	v.tlsPolicy(&t.Policy)
	v.check(len(t.Policy.Curves) == 0, "it bounds how endpoints agree on a key")
	v.check(t.MaxChain >= 0 && (t.MaxChain == 0 || !t.Unverified), "it bounds chains that it does not verify")
	if t.Unverified {
		v.check(!t.System && t.CAs == "" && len(t.Names)+len(t.URIs) == 0, "it says what endpoints must prove, and verifies nothing")
	} else {
		v.check(t.System != (t.CAs != ""), "it needs either the CAs of the system or CAs of its own")
		v.check(len(t.Names)+len(t.URIs) > 0, "it names nobody that an endpoint may be")
	}
	if t.Certificate != "" {
		v.refer(v.certificates, "certificate", t.Certificate)
	}
}
