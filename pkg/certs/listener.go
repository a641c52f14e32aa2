package certs

import "crypto/tls"

// Rule says which step of the choice found a certificate.
type Rule string

// The steps, in the order in which they are tried.
const (
	// RuleExact: a binding of that very name.
	RuleExact Rule = "exact"
	// RulePartial: the most specific binding with a partial label, such as "cdn-*.x".
	RulePartial Rule = "partial"
	// RuleWildcard: a binding "*.x", and the name is one label longer than x.
	RuleWildcard Rule = "wildcard"
	// RuleSuffix: the longest binding "**.x" below which the name is.
	RuleSuffix Rule = "suffix"
	// RuleDefault: the listener's default certificate.
	RuleDefault Rule = "default"
	// RuleSelfSigned: the certificate made at start.
	RuleSelfSigned Rule = "self-signed"
)

// Listener chooses the certificate for each handshake of one listener. It
// belongs to one table and never changes.
type Listener struct {
	registry *Registry
	policies policies
	bindings names[*bound]
	// otherwise answers names without a binding, and clients that send none.
	otherwise *bound
}

// bound is the certificates that one pattern is bound to.
type bound struct {
	rule    Rule
	pattern string
	certs   []named
}

// named is a certificate under the name by which the listener knows it.
type named struct {
	name string
	*certificate
}

// bind enters one binding.
func (l *Listener) bind(pattern string, certs []named) {
	b := &bound{pattern: pattern, certs: certs}
	b.rule = l.bindings.set(pattern, b)
}

// find returns what a server name is bound to.
func (l *Listener) find(serverName string) *bound {
	if name := fold(serverName); name != "" {
		if b, ok := l.bindings.find(name); ok {
			return b
		}
	}
	return l.otherwise
}

// Config returns the configuration for a handshake, as
// tls.Config.GetConfigForClient does. Handshakes under one policy share it:
// the caller must not change it.
//
// Ask the table that is served at the moment of each handshake for its
// Listener; so a new certificate serves the next handshake, and no connection
// is touched.
func (l *Listener) Config(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	return l.Policy(hello.ServerName).config, nil
}

// cipherSuites are those of TLS 1.2 with forward secrecy and authenticated
// encryption (RFC 9325 section 4.2); those of TLS 1.3 all are so.
var cipherSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// certificate is GetCertificate: of the bound certificates the first that the
// client supports, and the first of all where it supports none, so that the
// client gets to say what it misses.
func (l *Listener) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	certs := l.find(hello.ServerName).certs
	if len(certs) == 1 {
		return certs[0].serve(l.registry.opts.Now), nil
	}
	// Whether the certificate covers the name was decided by who bound it; left
	// in, the name would rule out all candidates alike where none does.
	nameless := *hello
	nameless.ServerName = ""
	for _, c := range certs {
		if nameless.SupportsCertificate(c.tls) == nil {
			return c.serve(l.registry.opts.Now), nil
		}
	}
	return certs[0].serve(l.registry.opts.Now), nil
}
