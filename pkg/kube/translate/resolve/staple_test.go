package resolve

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// authority signs certificates and responses.
type authority struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{key: key}
	a.cert = a.issue(t, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true})
	return a
}

func (a authority) issue(t *testing.T, template *x509.Certificate) *x509.Certificate {
	t.Helper()
	template.NotBefore, template.NotAfter = stapleNow.Add(-time.Hour), stapleNow.Add(time.Hour)
	parent := a.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func (a authority) respond(t *testing.T, r ocsp.Response) []byte {
	t.Helper()
	der, err := ocsp.CreateResponse(a.cert, a.cert, r, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func chainOf(certs ...*x509.Certificate) (chain []byte) {
	for _, c := range certs {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return chain
}

var stapleNow = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestStaple(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	leaf := ca.issue(t, &x509.Certificate{SerialNumber: big.NewInt(7)})
	good := ocsp.Response{Status: ocsp.Good, SerialNumber: leaf.SerialNumber, ThisUpdate: stapleNow.Add(-time.Minute), NextUpdate: stapleNow.Add(time.Hour)}
	with := func(change func(*ocsp.Response)) ocsp.Response {
		r := good
		change(&r)
		return r
	}
	for name, tt := range map[string]struct {
		der   []byte
		chain []byte
		want  string
	}{
		"a good one":                                 {ca.respond(t, good), chainOf(leaf, ca.cert), ""},
		"a good one without the issuer":              {ca.respond(t, good), chainOf(leaf), ""},
		"signed by another CA":                       {stranger.respond(t, good), chainOf(leaf, ca.cert), "is no response of OCSP for the certificate: bad OCSP signature"},
		"for another certificate":                    {ca.respond(t, with(func(r *ocsp.Response) { r.SerialNumber = big.NewInt(8) })), chainOf(leaf, ca.cert), "is no response of OCSP for the certificate: no response matching"},
		"for another certificate, without an issuer": {ca.respond(t, with(func(r *ocsp.Response) { r.SerialNumber = big.NewInt(8) })), chainOf(leaf), "is no response of OCSP for the certificate: no response matching"},
		"revoked":                        {ca.respond(t, with(func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, stapleNow })), chainOf(leaf, ca.cert), "says that the certificate was revoked on 2026-06-01 12:00 UTC"},
		"unknown":                        {ca.respond(t, with(func(r *ocsp.Response) { r.Status = ocsp.Unknown })), chainOf(leaf, ca.cert), "says that the certificate is not known"},
		"without an end":                 {ca.respond(t, with(func(r *ocsp.Response) { r.NextUpdate = time.Time{} })), chainOf(leaf, ca.cert), "does not say until when it counts"},
		"over":                           {ca.respond(t, with(func(r *ocsp.Response) { r.NextUpdate = stapleNow })), chainOf(leaf, ca.cert), "expired on 2026-06-01 12:00 UTC"},
		"not valid yet":                  {ca.respond(t, with(func(r *ocsp.Response) { r.ThisUpdate = stapleNow.Add(time.Hour) })), chainOf(leaf, ca.cert), "is not valid before 2026-06-01 13:00 UTC"},
		"of a clock that is a bit ahead": {ca.respond(t, with(func(r *ocsp.Response) { r.ThisUpdate = stapleNow.Add(time.Minute) })), chainOf(leaf, ca.cert), ""},
		"no response":                    {[]byte("x"), chainOf(leaf, ca.cert), "is no response of OCSP for the certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := parseStaple(tt.der, tt.chain, leaf)
			got := s.unusable(stapleNow)
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q", got)
			}
			if got == "" && (string(s.der) != string(tt.der) || !s.until.Equal(good.NextUpdate)) {
				t.Errorf("got %x until %v", s.der, s.until)
			}
		})
	}
	if parseStaple(nil, chainOf(leaf), leaf) != nil {
		t.Error("there is a response where there is none")
	}
}

func TestMustStaple(t *testing.T) {
	ca := newAuthority(t)
	with := func(features ...int) *x509.Certificate {
		value, err := asn1.Marshal(features)
		if err != nil {
			t.Fatal(err)
		}
		return ca.issue(t, &x509.Certificate{SerialNumber: big.NewInt(7), ExtraExtensions: []pkix.Extension{{Id: featureExtension, Value: value}}})
	}
	if !mustStaple(with(5)) || !mustStaple(with(17, 5)) || mustStaple(with(17)) || mustStaple(ca.cert) {
		t.Error("the certificates that must come with a response are others")
	}
}

func FuzzParseStaple(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "x"}, NotAfter: stapleNow}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		f.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		f.Fatal(err)
	}
	response, err := ocsp.CreateResponse(leaf, leaf, ocsp.Response{Status: ocsp.Good, SerialNumber: leaf.SerialNumber, ThisUpdate: stapleNow, NextUpdate: stapleNow.Add(time.Hour)}, key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(response)
	f.Fuzz(func(t *testing.T, der []byte) {
		if s := parseStaple(der, chainOf(leaf), leaf); s != nil && s.problem == "" && s.until.IsZero() {
			t.Error("a response without an end is a good one")
		}
	})
}
