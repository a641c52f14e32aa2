package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"
)

// peer is what the other side of a TLS connection showed.
type peer struct {
	names  []string
	serial *big.Int
	alpn   string
}

// transport connects to the front whatever the URL's host, and notes the
// certificate. Which certificate comes is what the tests look at, so it is not
// verified.
func (f front) transport(seen **peer) *http.Transport {
	d := net.Dialer{Timeout: 5 * time.Second} // An address may lead nowhere for a while.
	return &http.Transport{
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if _, port, _ := net.SplitHostPort(address); port == "443" {
				return d.DialContext(ctx, network, f.https)
			}
			return d.DialContext(ctx, network, f.http)
		},
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // The certificate is the subject of the test.
			VerifyConnection: func(s tls.ConnectionState) error {
				leaf := s.PeerCertificates[0]
				*seen = &peer{leaf.DNSNames, leaf.SerialNumber, s.NegotiatedProtocol}
				return nil
			},
		},
	}
}

// tlsSecret makes a self-signed certificate for hosts and returns it as the
// manifest of a Secret, with its serial number.
func tlsSecret(t *testing.T, namespace, name string, hosts ...string) (string, *big.Int) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: hosts[0]},
		DNSNames:     hosts,
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return fmt.Sprintf(`
apiVersion: v1
kind: Secret
metadata: {name: %s, namespace: %s}
type: kubernetes.io/tls
data:
  tls.crt: %s
  tls.key: %s
---
`, name, namespace, encode("CERTIFICATE", der), encode("PRIVATE KEY", keyDER)), serial
}
