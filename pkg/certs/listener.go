package certs

import (
	"crypto/tls"
	"time"
)

// Listener chooses the certificate for each handshake of one listener.
type Listener struct{}

// Config returns the configuration for a handshake, as
// tls.Config.GetConfigForClient does. It is shared: the caller must not change it.
func (l *Listener) Config(hello *tls.ClientHelloInfo) (*tls.Config, error) { return nil, nil }

// Choice is the answer of Explain.
type Choice struct {
	// Rule says which step found the certificate: "exact", "wildcard", "suffix",
	// "default" or "self-signed".
	Rule string
	// Binding is the host pattern that matched, empty for the last two rules.
	Binding string
	// Certificates are the candidates, in the order in which they are offered.
	Certificates []Candidate
}

// Candidate describes a certificate.
type Candidate struct {
	// Name is that of the ir.Certificate, "NAMESPACE/SECRET"; empty for the self-signed one.
	Name string
	// Names are the subject alternative names.
	Names []string
	// Algorithm is that of the key: "ECDSA", "RSA" or "Ed25519".
	Algorithm string
	// NotBefore and NotAfter bound the validity.
	NotBefore, NotAfter time.Time
	// Covers says whether the certificate is valid for the server name.
	Covers bool
}

// Explain says which certificates a client would be offered that sends this
// server name (empty: none) and why.
func (l *Listener) Explain(serverName string) Choice { return Choice{} }
