package certs

import (
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

func TestBrokenCertificatesAreReported(t *testing.T) {
	good := issue(t, "shop/good", ecdsaKey(), "x.test")
	tests := map[string]struct {
		change func(*ir.Certificate)
		want   string
	}{
		"a key of another certificate": {
			func(c *ir.Certificate) { c.KeyPEM = issue(t, "n/other", ecdsaKey()).KeyPEM },
			"tls: private key does not match public key",
		},
		"a key of another kind": {
			func(c *ir.Certificate) { c.KeyPEM = issue(t, "n/other", rsaKey()).KeyPEM },
			"tls: private key type does not match public key type",
		},
		"no key": {
			func(c *ir.Certificate) { c.KeyPEM = nil },
			"tls: failed to find any PEM data in key input",
		},
		"no certificate": {
			func(c *ir.Certificate) { c.ChainPEM = nil },
			"tls: failed to find any PEM data in certificate input",
		},
		"bytes that are no certificate": {
			func(c *ir.Certificate) {
				c.ChainPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})
			},
			"x509: malformed certificate",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			bad := good
			bad.Name, bad.Fingerprint = "shop/bad", "bad"
			bad.Origin.Name = "bad"
			test.change(&bad)
			want := report.Fact{
				Origin:   report.Origin{Kind: "Secret", Namespace: "shop", Name: "bad"},
				Field:    "data",
				Severity: report.Error,
				Reason:   report.InvalidCertificate,
				Message:  "the certificate shop/bad cannot be used, so other certificates answer for its hosts: " + test.want,
			}
			certs := []ir.Certificate{bad, good}
			if diff := cmp.Diff([]report.Fact{want}, r.Update(certs).All()); diff != "" {
				t.Errorf("facts of Update (-want +got):\n%s", diff)
			}
			l, facts := listener(t, r, certs, "x.test shop/bad shop/good", "y.test shop/bad", "*.test shop/good")
			if diff := cmp.Diff([]report.Fact{want}, facts.All()); diff != "" {
				t.Errorf("facts of Listener (-want +got):\n%s", diff)
			}
			if got := l.Explain("x.test"); got.Rule != RuleExact || len(got.Candidates) != 1 || got.Candidates[0].Name != "shop/good" {
				t.Errorf("the good one of two does not serve: %+v", got)
			}
			if got := l.Explain("y.test"); got.Rule != RuleWildcard {
				t.Errorf("the name does not fall to the wildcard: %+v", got)
			}
		})
	}
}

func TestMissingCertificateIsSluicesFault(t *testing.T) {
	r := newRegistry(t)
	l, facts := listener(t, r, nil, "x.test n/missing", "default n/missing")
	all := facts.All()
	if len(all) != 2 || all[0].Reason != report.Internal {
		t.Errorf("facts: %v", all)
	}
	if got := l.Explain("x.test"); got.Rule != RuleSelfSigned {
		t.Errorf("got %+v", got)
	}
}

func TestCertificatesAreParsedOnce(t *testing.T) {
	r := newRegistry(t)
	a, b := issue(t, "n/a", ecdsaKey()), issue(t, "n/b", ecdsaKey())
	if f := r.Update([]ir.Certificate{a, b}); f.Len() > 0 {
		t.Fatal(f.All())
	}
	before := r.parsed[a.Fingerprint]
	same := a
	same.Name = "n/renamed"
	r.Update([]ir.Certificate{same})
	if r.parsed[a.Fingerprint] != before {
		t.Error("parsed again although nothing changed")
	}
	if len(r.parsed) != 1 {
		t.Errorf("%d kept, want 1", len(r.parsed))
	}

	// The fingerprint does not cover what follows the leaf.
	longer := a
	longer.ChainPEM = append(append([]byte(nil), a.ChainPEM...), b.ChainPEM...)
	r.Update([]ir.Certificate{longer})
	if got := len(r.parsed[a.Fingerprint].tls.Certificate); got != 2 {
		t.Errorf("a chain of %d is served, want the new one of 2", got)
	}
}

func TestSelfSignedCertificateNamesNoHost(t *testing.T) {
	r := newRegistry(t)
	leaf := r.selfSigned.tls.Leaf
	if leaf.Subject.CommonName != "Sluice self-signed certificate" || len(leaf.DNSNames)+len(leaf.IPAddresses) > 0 {
		t.Errorf("%s names %v %v", leaf.Subject, leaf.DNSNames, leaf.IPAddresses)
	}
	if leaf.IsCA || leaf.NotAfter.Before(start.AddDate(0, 6, 0)) {
		t.Errorf("CA: %v, until %v", leaf.IsCA, leaf.NotAfter)
	}
	other := newRegistry(t)
	if other.selfSigned.tls.Leaf.SerialNumber.Cmp(leaf.SerialNumber) == 0 {
		t.Error("two processes share a serial number")
	}
}

func TestFactsDoNotShowTheKey(t *testing.T) {
	r := newRegistry(t)
	c := issue(t, "n/c", ecdsaKey())
	c.KeyPEM = ir.Secret(strings.Replace(string(c.KeyPEM), "PRIVATE KEY-----\n", "PRIVATE KEY-----\ntopsecret", 1))
	for _, f := range r.Update([]ir.Certificate{c}).All() {
		if strings.Contains(f.String(), "topsecret") {
			t.Errorf("the fact shows the key: %s", f)
		}
	}
}

// BenchmarkUpdate is what a table of ten thousand certificates costs when none
// of them changed.
func BenchmarkUpdate(b *testing.B) {
	r := newRegistry(b)
	base := issue(b, "n/base", ecdsaKey(), "x.test")
	var certs []ir.Certificate
	var spec ir.ListenerTLS
	for i := range 10_000 {
		c := base
		c.Name = fmt.Sprintf("n/%05d", i)
		c.Fingerprint = c.Name
		c.ChainPEM = append([]byte(nil), base.ChainPEM...)
		certs = append(certs, c)
		spec.Bindings = append(spec.Bindings, ir.TLSBinding{Host: fmt.Sprintf("h%05d.test", i), Certificates: []string{c.Name}})
	}
	r.Update(certs)
	for b.Loop() {
		r.Update(certs)
		r.Listener(spec, certs)
	}
}
