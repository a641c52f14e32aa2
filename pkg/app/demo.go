package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sluice-dev/sluice/examples"
	"github.com/sluice-dev/sluice/pkg/app/echo"
)

// demoBackends are the echo back ends that examples/quickstart/services.yaml
// has endpoints for.
var demoBackends = []struct{ service, version, address string }{
	{"shop", "1", "127.0.0.1:3001"},
	{"shop", "2", "127.0.0.1:3002"},
}

// demoHost is the host with a certificate.
const demoHost = "shop.localhost"

// Demo serves the quickstart with back ends of its own until ctx ends.
// introduce is called once it serves.
func (a *App) Demo(ctx context.Context, introduce func()) error {
	dir, err := os.MkdirTemp("", "sluice-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeQuickstart(dir); err != nil {
		return err
	}
	for _, b := range demoBackends {
		ln, err := net.Listen("tcp", b.address)
		if err != nil {
			return fmt.Errorf("back end %s %s: %w", b.service, b.version, err)
		}
		server := &http.Server{
			Handler:           &echo.Handler{Service: b.service, Version: b.version, Instance: ln.Addr().String()},
			ReadHeaderTimeout: 10 * time.Second,
		}
		defer server.Close()
		go func() { _ = server.Serve(ln) }()
	}
	return a.Serve(ctx, dir, introduce)
}

// writeQuickstart copies the example into a folder, with a certificate made for
// it now.
func writeQuickstart(dir string) error {
	quickstart, err := fs.Sub(examples.Quickstart, "quickstart")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, quickstart); err != nil {
		return err
	}
	secret, err := selfSignedSecret("demo", "shop-tls", demoHost)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "secret.yaml"), secret, 0o600)
}

// selfSignedSecret returns a TLS Secret for one host as YAML, valid for a week.
func selfSignedSecret(namespace, name, host string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(7 * 24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	chain, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(&corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Type:       corev1.SecretTypeTLS,
		Data: map[string][]byte{
			corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain}),
			corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		},
	})
}

// DemoCommands returns commands to try, given the addresses that are served.
// A test runs each of them as it is printed.
func (a *App) DemoCommands() []string {
	_, plain, _ := net.SplitHostPort(a.HTTP.String())
	_, secure, _ := net.SplitHostPort(a.HTTPS.String())
	at := func(host, port string) string { return "--connect-to " + host + "::127.0.0.1:" + port }
	return []string{
		"curl -s " + at("versions.localhost", plain) + " http://versions.localhost/",
		"curl -s " + at("versions.localhost", plain) + " -H 'App-Version: 2' http://versions.localhost/",
		"curl -s " + at("versions.localhost", plain) + " http://versions.localhost/beta",
		"curl -si " + at(demoHost, plain) + " http://" + demoHost + "/cart?id=7",
		"curl -sk " + at(demoHost, secure) + " https://" + demoHost + "/docs",
		"curl -si " + at("nobody.localhost", plain) + " http://nobody.localhost/",
	}
}

// Introduce writes what the demo serves and what to try.
func (a *App) Introduce(out io.Writer) {
	fmt.Fprintf(out, "\nSluice serves examples/quickstart on %s (HTTP) and %s (HTTPS).\n", a.HTTP, a.HTTPS)
	for _, b := range demoBackends {
		fmt.Fprintf(out, "  back end: %s, version %s, on %s\n", b.service, b.version, b.address)
	}
	fmt.Fprint(out, "\nTry, in another terminal:\n\n")
	for _, command := range a.DemoCommands() {
		fmt.Fprintf(out, "  %s\n", command)
	}
	if a.Admin != nil {
		fmt.Fprintf(out, "  sluice explain --admin-addr %s http://versions.localhost/beta\n", a.Admin)
	}
	fmt.Fprint(out, "\nEach request shows below as a line. Ctrl-C ends it.\n\n")
}
