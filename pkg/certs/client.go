package certs

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// askClients sets what a listener asks of clients' certificates.
func askClients(cfg *tls.Config, a ir.ClientAuth) {
	switch a.Mode {
	case ir.ClientAuthNone:
	case ir.ClientAuthRequest:
		cfg.ClientAuth = tls.RequestClientCert
	case ir.ClientAuthRequire, ir.ClientAuthOptional:
		cfg.ClientAuth = tls.RequireAndVerifyClientCert
		if a.Mode == ir.ClientAuthOptional {
			cfg.ClientAuth = tls.VerifyClientCertIfGiven
		}
		// Without a usable CA the pool is empty, and nobody gets in. A nil pool would
		// stand for the CAs of the system.
		cfg.ClientCAs = x509.NewCertPool()
		cfg.ClientCAs.AppendCertsFromPEM([]byte(a.CAs))
		// The ticket keys are shared by all listeners: a session that one of them
		// began with its CAs must not be resumed at another.
		cfg.SessionTicketsDisabled = true
	}
}

// Certificate returns the certificate of that name as a client shows it, nil where it cannot
// be used; Update says why. certs must be sorted by name, as in a canonical ir.Config. As long
// as its text stays, the result is the same pointer.
func (r *Registry) Certificate(name string, certs []ir.Certificate) *tls.Certificate {
	r.mu.Lock()
	defer r.mu.Unlock()
	usable := r.usable([]string{name}, certs, "", new(report.Set))
	if len(usable) == 0 {
		return nil
	}
	return usable[0].tls
}
