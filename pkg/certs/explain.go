package certs

import (
	"crypto/tls"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/report"
)

// Choice says which certificates a name is answered with, and why.
type Choice struct {
	// Rule says which step found them.
	Rule Rule
	// Binding is the host pattern that matched, empty for the last two rules.
	Binding string
	// Candidates are the certificates, in the order in which they are offered;
	// there is at least one.
	Candidates []Candidate
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
	// Expired says that NotAfter is over.
	Expired bool
	// Stapled says that a response of OCSP is sent with it.
	Stapled bool
	// Covers says that the certificate is valid for the server name.
	Covers bool
}

// Explain says which certificates a client would be offered that sends this
// server name (empty: none), and why.
func (l *Listener) Explain(serverName string) Choice {
	b := l.find(serverName)
	choice := Choice{Rule: b.rule, Binding: b.pattern}
	for _, c := range b.certs {
		choice.Candidates = append(choice.Candidates, c.candidate(c.name, serverName, l.registry.opts.Now()))
	}
	return choice
}

// HeldTo is what a handshake is held to besides the certificate.
type HeldTo struct {
	// Host is the pattern that asks for it, empty for all names.
	Host string
	// MinVersion and MaxVersion bound the version of TLS, such as "1.2".
	MinVersion, MaxVersion string
	// CipherSuites are those of TLS 1.2 that may be used, and Curves the ways to agree on a key; empty
	// for those of the standard library.
	CipherSuites, Curves []string
	// Client is what is asked of clients' certificates: none, require, request or optional.
	Client string
	// Origin and Field are the part of the object that asks for it, zero where the process has it so.
	Origin report.Origin
	Field  string
}

// ExplainPolicy says what a handshake of a client would be held to that sends this server name.
func (l *Listener) ExplainPolicy(serverName string) HeldTo {
	p := l.policies.find(serverName)
	held := HeldTo{
		Host: p.spec.Host, MinVersion: version(p.config.MinVersion), MaxVersion: version(p.config.MaxVersion),
		Client: p.spec.Client.Mode.String(), Origin: p.spec.Origin, Field: p.spec.Field,
	}
	for _, id := range p.config.CipherSuites {
		held.CipherSuites = append(held.CipherSuites, tls.CipherSuiteName(id))
	}
	for _, id := range p.config.CurvePreferences {
		held.Curves = append(held.Curves, id.String())
	}
	return held
}

func version(v uint16) string { return strings.TrimPrefix(tls.VersionName(v), "TLS ") }
