package certs

import "time"

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
