package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is the one certificate authority of a cluster: it signs for the
// API server, for its clients and for the kubelet's.
type authority struct {
	dir  string // where files go
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte // of the certificate
}

// lifetime is longer than any test cluster lives.
const lifetime = 365 * 24 * time.Hour

// newAuthority makes an authority, and dir with ca.crt and ca.key in it.
func newAuthority(dir string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &authority{dir: dir, key: key}
	a.cert = certificate("sluice-cluster-ca", nil)
	a.cert.IsCA, a.cert.BasicConstraintsValid = true, true
	a.cert.KeyUsage |= x509.KeyUsageCertSign
	a.cert.ExtKeyUsage = nil
	a.pem, err = a.sign(a.cert, key)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return a, a.write("ca", a.pem, keyPEM)
}

// certificate returns the template of a certificate for both ends of TLS.
func certificate(name string, groups []string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		NotBefore:   now.Add(-time.Hour), // Clocks differ.
		NotAfter:    now.Add(lifetime),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
}

// issue returns certificate and key, as PEM, for the user name in groups, or
// for the hosts that the certificate is to be good for.
func (a *authority) issue(name string, groups, hosts []string) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := certificate(name, groups)
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	if cert, err = a.sign(template, private); err != nil {
		return nil, nil, err
	}
	key, err = encodeKey(private)
	return cert, key, err
}

// sign signs template for the public half of key.
func (a *authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("signing for %s: %w", template.Subject.CommonName, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// encodeKey renders a private key in the form that Kubernetes reads (SEC 1).
func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// write writes name.crt and name.key.
func (a *authority) write(name string, cert, key []byte) error {
	if err := os.WriteFile(filepath.Join(a.dir, name+".crt"), cert, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(a.dir, name+".key"), key, 0o600)
}

// The files of writePKI are in pkiDir below the state directory. ownPair is the
// pair with which this program itself calls the API server.
const (
	pkiDir  = "pki"
	ownPair = "sluice-cluster"

	// frontProxy is the name by which the API server calls other API servers
	// that extend it, and the only one that may speak for other users.
	frontProxy = "front-proxy-client"
)

// writePKI makes the keys and certificates of the control plane: the
// authority, the API server's own pair, the pair with which it calls kubelets,
// the key that signs the tokens of service accounts, and our own pair.
func (c cluster) writePKI() (*authority, error) {
	a, err := newAuthority(c.path(pkiDir))
	if err != nil {
		return nil, err
	}
	pairs := []struct {
		file, name    string
		groups, hosts []string
	}{
		{file: "apiserver", name: "kube-apiserver", hosts: []string{
			nodeAddress, apiAddress, "127.0.0.1", "localhost",
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		}},
		{file: "kubelet-client", name: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}},
		{file: "service-account", name: "service-accounts"},
		{file: "front-proxy", name: frontProxy},
		{file: ownPair, name: "sluice-cluster", groups: []string{"system:masters"}},
	}
	for _, p := range pairs {
		cert, key, err := a.issue(p.name, p.groups, p.hosts)
		if err != nil {
			return nil, err
		}
		if err := a.write(p.file, cert, key); err != nil {
			return nil, err
		}
	}
	return a, nil
}
