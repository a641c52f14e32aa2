package certs

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// chainOf makes a CA, so many certificates between, and one of a client that shows all but the CA's.
func chainOf(t *testing.T, between int) (cas string, client *tls.Certificate) {
	t.Helper()
	client = &tls.Certificate{}
	var parent *x509.Certificate
	var parentKey *ecdsa.PrivateKey
	for i := range between + 2 {
		key := ecdsaKey().(*ecdsa.PrivateKey)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: string(rune('a' + i))},
			NotBefore: start.Add(-time.Hour), NotAfter: start.Add(time.Hour), IsCA: i <= between, BasicConstraintsValid: true,
		}
		if parent == nil {
			parent, parentKey = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
		if err != nil {
			t.Fatal(err)
		}
		if parent, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		parentKey = key
		if i == 0 {
			cas = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
			continue
		}
		client.Certificate, client.PrivateKey = append([][]byte{der}, client.Certificate...), key
	}
	return cas, client
}

func TestChainsOfClientsAreNotTooLong(t *testing.T) {
	server := issue(t, "n/server", ecdsaKey(), "shop.example.com")
	r := newRegistry(t)
	const page = "https://help.example.com/"
	_, stranger := chainOf(t, 0)
	for name, tt := range map[string]struct {
		between, most int
		mode          ir.ClientAuthMode
		// shows is what the client has: its own, none or a stranger's.
		shows  string
		served bool
	}{
		"no bound":                              {3, 0, ir.ClientAuthRequire, "own", true},
		"a chain of the bound":                  {1, 3, ir.ClientAuthRequire, "own", true},
		"a longer one":                          {2, 3, ir.ClientAuthRequire, "own", false},
		"nothing between":                       {0, 2, ir.ClientAuthRequire, "own", true},
		"one between where none may be":         {1, 2, ir.ClientAuthRequire, "own", false},
		"none":                                  {0, 3, ir.ClientAuthRequire, "none", false},
		"none where it is optional":             {0, 3, ir.ClientAuthOptional, "none", true},
		"a longer one where it is optional":     {2, 3, ir.ClientAuthOptional, "own", false},
		"a chain of the bound, optional":        {1, 3, ir.ClientAuthOptional, "own", true},
		"that of a stranger":                    {0, 3, ir.ClientAuthRequire, "stranger", false},
		"that of a stranger, optional":          {0, 3, ir.ClientAuthOptional, "stranger", false},
		"that of a stranger without any bounds": {0, 0, ir.ClientAuthRequire, "stranger", false},
	} {
		t.Run(name, func(t *testing.T) {
			cas, client := chainOf(t, tt.between)
			switch tt.shows {
			case "none":
				client = &tls.Certificate{}
			case "stranger":
				client = stranger
			}
			auth := ir.ClientAuth{Mode: tt.mode, CAs: cas, MaxChain: tt.most}
			for _, auth.ErrorPage = range []string{"", page} {
				l, facts := r.Listener(ir.ListenerTLS{Default: server.Name, Client: auth}, []ir.Certificate{server})
				if facts.Len() > 0 {
					t.Fatal(facts.All())
				}
				got, err := shake(l, &tls.Config{ServerName: "shop.example.com", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return client, nil }})
				if auth.ErrorPage == "" {
					if (err == nil) != tt.served {
						t.Errorf("served: %t (%v)", err == nil, err)
					}
					if err != nil {
						continue
					}
				} else if err != nil {
					t.Fatal(err)
				}
				checked, elsewhere := l.Policy("shop.example.com").Client(&got.server)
				if elsewhere != "" && elsewhere != page || (elsewhere == "") != tt.served || (checked != nil) != (tt.served && tt.shows == "own") {
					t.Errorf("with the page %q: checked %v, sent to %q", auth.ErrorPage, checked, elsewhere)
				}
			}
		})
	}
}
