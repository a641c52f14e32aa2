package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"

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
		if a.ErrorPage != "" {
			cfg.ClientAuth = tls.RequestClientCert // Policy.Client says who has failed.
		} else if a.MaxChain > 0 {
			cfg.VerifyConnection = func(s tls.ConnectionState) error {
				if len(s.PeerCertificates) > 0 && !shortEnough(s.VerifiedChains, a.MaxChain) {
					return errChain
				}
				return nil
			}
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

var errChain = errors.New("the certificate leads to a CA by more certificates than it may")

func shortEnough(chains [][]*x509.Certificate, most int) bool {
	return slices.ContainsFunc(chains, func(chain []*x509.Certificate) bool { return most == 0 || len(chain) <= most })
}

// Client returns the certificate of a client that was checked in a handshake under the policy, nil where there is none, and
// where the client is to be sent, whatever it asks for, as it failed to prove who it is; that is empty for one that did,
// or that did not have to. The policy may be nil.
func (p *Policy) Client(s *tls.ConnectionState) (checked *x509.Certificate, elsewhere string) {
	switch {
	case p == nil || p.spec.Client.ErrorPage == "":
		if len(s.VerifiedChains) == 0 {
			return nil, ""
		}
		return s.PeerCertificates[0], ""
	case len(s.PeerCertificates) == 0 && p.spec.Client.Mode == ir.ClientAuthOptional:
		return nil, ""
	case len(s.PeerCertificates) == 0 || p.config.ClientCAs == nil:
		return nil, p.spec.Client.ErrorPage
	}
	leaf := s.PeerCertificates[0]
	options := x509.VerifyOptions{Roots: p.config.ClientCAs, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if p.config.Time != nil {
		options.CurrentTime = p.config.Time()
	}
	for _, c := range s.PeerCertificates[1:] {
		options.Intermediates.AddCert(c)
	}
	if chains, err := leaf.Verify(options); err != nil || !shortEnough(chains, p.spec.Client.MaxChain) {
		return nil, p.spec.Client.ErrorPage
	}
	return leaf, ""
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
