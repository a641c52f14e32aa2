package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"os"
	"testing"

	"sigs.k8s.io/yaml"
)

// newTestPKI writes the certificates of a cluster into a temporary directory.
func newTestPKI(t *testing.T) (cluster, *authority, *x509.CertPool) {
	t.Helper()
	c := cluster{name: "dev", dir: t.TempDir()}
	if err := os.Mkdir(c.path("etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	a, err := c.writePKI()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.writeKubeconfigs(a); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.pem) {
		t.Fatal("the authority has no certificate")
	}
	return c, a, roots
}

func TestAPIServerIsGoodForItsNames(t *testing.T) {
	c, _, roots := newTestPKI(t)
	pair, err := tls.LoadX509KeyPair(c.path(pkiDir, "apiserver.crt"), c.path(pkiDir, "apiserver.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{nodeAddress, apiAddress, "127.0.0.1", "localhost", "kubernetes.default.svc"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); err != nil {
			t.Errorf("as %s: %v", host, err)
		}
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: "example.com", Roots: roots}); err == nil {
		t.Error("the API server's certificate is good for example.com")
	}
}

// TestKubeconfigsHoldTheirUser reads each kubeconfig back and checks whom its
// certificate names, as the API server would.
func TestKubeconfigsHoldTheirUser(t *testing.T) {
	c, _, roots := newTestPKI(t)
	for _, cl := range clients {
		t.Run(cl.user, func(t *testing.T) {
			text, err := os.ReadFile(c.path(cl.file))
			if err != nil {
				t.Fatal(err)
			}
			var file struct {
				Users []struct{ User map[string]string }
			}
			if err := yaml.Unmarshal(text, &file); err != nil || len(file.Users) != 1 {
				t.Fatalf("%v, %d users", err, len(file.Users))
			}
			pair, err := tls.X509KeyPair(decode(t, file.Users[0].User["client-certificate-data"]), decode(t, file.Users[0].User["client-key-data"]))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
				t.Error(err)
			}
			if got := pair.Leaf.Subject; got.CommonName != cl.user || len(got.Organization) != len(cl.groups) {
				t.Errorf("the certificate names %v, want %s in %v", got, cl.user, cl.groups)
			}
		})
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
