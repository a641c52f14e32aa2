package app

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sluice-dev/sluice/examples"
	"github.com/sluice-dev/sluice/pkg/app/echo"
)

// demoBackend is an echo back end of the demo.
type demoBackend struct {
	version string
	// port is the one that examples/quickstart/services.yaml has an endpoint for.
	port string
	// address is where it listens: that port, or another where it is taken.
	address string
	server  *http.Server
}

// demoHost is the host with a certificate.
const demoHost = "shop.localhost"

// Demo serves the quickstart with back ends of its own until ctx ends, and
// drains. introduce is called with the introduction once it serves.
func (a *App) Demo(ctx context.Context, introduce func(text string)) error {
	dir, err := os.MkdirTemp("", "sluice-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	backends := []*demoBackend{{version: "1", port: "3001"}, {version: "2", port: "3002"}}
	for _, b := range backends {
		if err := b.start(); err != nil {
			return err
		}
		defer b.server.Close()
	}
	if err := writeQuickstart(dir, backends); err != nil {
		return err
	}
	return a.Serve(ctx, dir, func() { introduce(a.introduction(backends)) })
}

// start serves on the back end's port, or on one that is free.
func (b *demoBackend) start() error {
	ln, err := net.Listen("tcp", "127.0.0.1:"+b.port)
	if err != nil {
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return fmt.Errorf("back end of version %s: %w", b.version, err)
		}
	}
	b.address = ln.Addr().String()
	b.server = &http.Server{
		Handler:           &echo.Handler{Service: "shop", Version: b.version, Instance: b.address},
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { _ = b.server.Serve(ln) }()
	return nil
}

// writeQuickstart copies the example into a folder, with the ports of the back
// ends and with a certificate made for it now.
func writeQuickstart(dir string, backends []*demoBackend) error {
	files, err := fs.Glob(examples.Quickstart, "quickstart/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := fs.ReadFile(examples.Quickstart, name)
		if err != nil {
			return err
		}
		for _, b := range backends {
			_, port, _ := net.SplitHostPort(b.address)
			text = bytes.ReplaceAll(text, []byte("port: "+b.port), []byte("port: "+port))
		}
		if err := os.WriteFile(filepath.Join(dir, path.Base(name)), text, 0o600); err != nil {
			return err
		}
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

// introduction says what the demo serves and what to try. Each line that begins
// with two blanks and a program can be pasted into a shell as it is; a test does.
func (a *App) introduction(backends []*demoBackend) string {
	plain, secure := portOf(a.HTTP), portOf(a.HTTPS)
	program, err := os.Executable()
	if err != nil {
		program = "sluice"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\nSluice serves examples/quickstart on http://%s and https://%s.\n", a.HTTP, a.HTTPS)
	for _, b := range backends {
		fmt.Fprintf(&text, "Version %s of the shop is a back end on %s.\n", b.version, b.address)
	}
	try := func(why, command string) { fmt.Fprintf(&text, "\n  # %s\n  %s\n", why, command) }
	curl := func(flags, scheme, host, path string, port uint16) string {
		return fmt.Sprintf("curl %s --resolve %s:%d:127.0.0.1 '%s://%s:%d%s'", flags, host, port, scheme, host, port, path)
	}
	const versions = "versions.localhost"
	fmt.Fprint(&text, "\nTry, in another terminal:\n")
	try("Everyone gets version 1,", curl("-s", "http", versions, "/", plain))
	try("those who ask for it get version 2,", curl("-s -H 'App-Version: 2'", "http", versions, "/", plain))
	try("and on /beta one request in ten does.", curl("-s", "http", versions, "/beta", plain))
	try("A host with a certificate redirects to HTTPS,", curl("-si", "http", demoHost, "/cart?id=7", plain))
	try("where the certificate is one made a moment ago.", curl("-sk", "https", demoHost, "/cart?id=7", secure))
	try("Nobody has this host: 404.", curl("-si", "http", "nobody.localhost", "/", plain))
	if a.Admin != nil {
		try("Why does a request go where it does?",
			fmt.Sprintf("'%s' explain --admin-addr %s 'http://%s:%d/beta'", program, a.Admin, versions, plain))
	}
	fmt.Fprint(&text, "\nEach request shows below as a line. Ctrl-C ends it.\n\n")
	return text.String()
}
