package certs

import (
	"crypto/tls"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestWhatIsAskedOfClients(t *testing.T) {
	server := issue(t, "n/server", ecdsaKey(), "shop.example.com")
	known, stranger := issue(t, "n/known", ecdsaKey()), issue(t, "n/stranger", ed25519Key())
	r := newRegistry(t)
	pair := func(c ir.Certificate) *tls.Certificate {
		made, err := tls.X509KeyPair(c.ChainPEM, c.KeyPEM)
		if err != nil {
			t.Fatal(err)
		}
		return &made
	}
	require := ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: string(known.ChainPEM)}
	tests := map[string]struct {
		auth         ir.ClientAuth
		shown        *tls.Certificate
		served, asks bool
	}{
		"nothing is asked":                          {ir.ClientAuth{}, pair(known), true, false},
		"a valid certificate is required":           {require, pair(known), true, true},
		"one of another CA":                         {require, pair(stranger), false, true},
		"none":                                      {require, nil, false, true},
		"CAs in which there is no certificate":      {ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: "x"}, pair(known), false, true},
		"none, where one is only asked for":         {ir.ClientAuth{Mode: ir.ClientAuthRequest}, nil, true, true},
		"a stranger's, where one is only asked for": {ir.ClientAuth{Mode: ir.ClientAuthRequest}, pair(stranger), true, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l, facts := r.Listener(ir.ListenerTLS{Default: server.Name, Client: tt.auth}, []ir.Certificate{server})
			if facts.Len() > 0 {
				t.Fatal(facts.All())
			}
			var asked bool
			got, err := shake(l, &tls.Config{ServerName: "shop.example.com", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				asked = true
				if tt.shown == nil {
					return &tls.Certificate{}, nil
				}
				return tt.shown, nil
			}})
			if (err == nil) != tt.served || asked != tt.asks {
				t.Errorf("served: %v (%v), asked: %v; want %v, %v", err == nil, err, asked, tt.served, tt.asks)
			}
			if err == nil && tt.asks && (tt.shown != nil) != (len(got.server.PeerCertificates) == 1) {
				t.Errorf("the server saw %d certificates", len(got.server.PeerCertificates))
			}
		})
	}
}

func TestASessionIsNotResumedWhereCertificatesAreRequired(t *testing.T) {
	server, client := issue(t, "n/server", ecdsaKey(), "shop.example.com"), issue(t, "n/client", ecdsaKey())
	shown, err := tls.X509KeyPair(client.ChainPEM, client.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	r := newRegistry(t)
	spec := ir.ListenerTLS{Default: server.Name}
	open, _ := r.Listener(spec, []ir.Certificate{server})
	spec.Client = ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: string(client.ChainPEM)}
	closed, _ := r.Listener(spec, []ir.Certificate{server})
	jar := &jar{}
	with := &tls.Config{ServerName: "shop.example.com", ClientSessionCache: jar, Certificates: []tls.Certificate{shown}}
	mustShake(t, open, with)
	if jar.session == nil {
		t.Fatal("the client got no ticket, so that nothing is tested")
	}
	for range 2 {
		if mustShake(t, closed, with).server.DidResume {
			t.Error("the session was resumed")
		}
	}
	with.Certificates = nil
	if _, err := shake(closed, with); err == nil {
		t.Error("a client without a certificate got in by its session")
	}
}
