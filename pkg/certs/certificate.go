package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// certificate is an ir.Certificate, parsed. It never changes.
type certificate struct {
	// chain is the PEM text that was parsed. The fingerprint covers only the leaf
	// and the key, so that a renewed intermediate certificate shows here alone.
	chain string
	tls   *tls.Certificate
	// stapled is tls with the response of OCSP that counts until the instant until, in seconds of
	// Unix time; nil without.
	stapled *tls.Certificate
	until   int64
	// err is why the certificate cannot be used; tls is nil then.
	err error
}

// parse reads chain and key. It always returns a certificate, which holds the error where there is one.
func parse(c *ir.Certificate) *certificate {
	parsed := &certificate{chain: string(c.ChainPEM)}
	pair, err := tls.X509KeyPair(c.ChainPEM, c.KeyPEM)
	if err != nil {
		parsed.err = err
		return parsed
	}
	if pair.Leaf == nil {
		parsed.err = errors.New("the chain holds no certificate")
		return parsed
	}
	parsed.tls = &pair
	if len(c.Staple) > 0 {
		stapled := pair
		stapled.OCSPStaple = c.Staple
		parsed.stapled, parsed.until = &stapled, c.StapleUntil
	}
	return parsed
}

// of says that the certificate is what parse makes of c, whose fingerprint is the same.
func (c *certificate) of(spec *ir.Certificate) bool {
	var staple []byte
	if c.stapled != nil {
		staple = c.stapled.OCSPStaple
	}
	return c.chain == string(spec.ChainPEM) && bytes.Equal(staple, spec.Staple) && c.until == spec.StapleUntil
}

// serve returns what a handshake gets. A staple whose time is over would have clients refuse a
// certificate that they would take without one.
func (c *certificate) serve(now func() time.Time) *tls.Certificate {
	if c.stapled != nil && now().Unix() < c.until {
		return c.stapled
	}
	return c.tls
}

// candidate describes a certificate for Explain.
func (c *certificate) candidate(name, serverName string, now time.Time) Candidate {
	leaf := c.tls.Leaf
	names := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return Candidate{
		Name:      name,
		Names:     names,
		Algorithm: algorithm(leaf),
		NotBefore: leaf.NotBefore,
		NotAfter:  leaf.NotAfter,
		Expired:   now.After(leaf.NotAfter),
		Stapled:   c.stapled != nil && now.Unix() < c.until,
		Covers:    serverName != "" && leaf.VerifyHostname(serverName) == nil,
	}
}

// algorithm names the kind of a certificate's key.
func algorithm(leaf *x509.Certificate) string {
	switch leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA"
	case *rsa.PublicKey:
		return "RSA"
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return leaf.PublicKeyAlgorithm.String()
}
