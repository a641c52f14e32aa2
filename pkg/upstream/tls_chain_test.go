package upstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestChainsOfEndpointsAreNotTooLong(t *testing.T) {
	// The CA, two between, and the endpoint's.
	var chain []*x509.Certificate
	var signer *ecdsa.PrivateKey
	for i := range 4 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: string(rune('a' + i))}, DNSNames: []string{"shop.internal"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: i < 3, BasicConstraintsValid: true,
		}
		parent := template
		if i == 0 {
			signer = key
		} else {
			parent = chain[0]
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		made, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		chain, signer = append([]*x509.Certificate{made}, chain...), key
	}
	roots := x509.NewCertPool()
	roots.AddCert(chain[3])
	shown := &tls.ConnectionState{PeerCertificates: chain[:3]}
	for most, want := range map[int]string{0: "", 4: "", 5: "", 3: "more than 3 certificates", 2: "more than 2 certificates"} {
		err := verify(shown, roots, &ir.UpstreamTLS{Enabled: true, Names: []string{"shop.internal"}, MaxChain: most})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("with at most %d: %v", most, err)
		}
	}
}

func TestWhatIsSpokenWithEndpoints(t *testing.T) {
	policy := ir.TLSPolicy{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}
	c := clientConfig(&ir.UpstreamTLS{Enabled: true, Unverified: true, Policy: policy}, ir.UpstreamHTTP1, nil)
	if c.MinVersion != tls.VersionTLS12 || c.MaxVersion != tls.VersionTLS12 || len(c.CipherSuites) != 1 || c.CipherSuites[0] != policy.CipherSuites[0] {
		t.Errorf("got %x to %x by %v", c.MinVersion, c.MaxVersion, c.CipherSuites)
	}
	policy = ir.TLSPolicy{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS13}
	if c = clientConfig(&ir.UpstreamTLS{Enabled: true, Unverified: true, Policy: policy}, ir.UpstreamHTTP1, nil); c.MinVersion != tls.VersionTLS13 || c.CipherSuites != nil {
		t.Errorf("got %x by %v", c.MinVersion, c.CipherSuites)
	}
}
