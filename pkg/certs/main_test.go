package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// start is the time in tests that need one.
var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// rsaKey is made once, since it takes long.
var rsaKey = sync.OnceValue(func() crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func ecdsaKey() crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func ed25519Key() crypto.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// issue makes a certificate of that name for hosts, which fits its key.
func issue(t testing.TB, name string, key crypto.Signer, hosts ...string) ir.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    start.Add(-time.Hour),
		NotAfter:     start.Add(24 * time.Hour),
		DNSNames:     hosts,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	leaf, private := sha256.Sum256(der), sha256.Sum256(keyPEM)
	namespace, secret, _ := strings.Cut(name, "/")
	return ir.Certificate{
		Name:        name,
		Origin:      report.Origin{Kind: "Secret", Namespace: namespace, Name: secret},
		ChainPEM:    chain,
		KeyPEM:      keyPEM,
		Fingerprint: hex.EncodeToString(append(leaf[:], private[:]...)),
	}
}

func newRegistry(t testing.TB) *Registry {
	t.Helper()
	r, err := NewRegistry(Options{Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// listener makes a listener from bindings "HOST CERTIFICATE...", where the host
// "default" stands for the default.
func listener(t testing.TB, r *Registry, certs []ir.Certificate, bindings ...string) (*Listener, *report.Set) {
	t.Helper()
	slices.SortFunc(certs, func(a, b ir.Certificate) int { return strings.Compare(a.Name, b.Name) })
	var spec ir.ListenerTLS
	for _, b := range bindings {
		words := strings.Fields(b)
		if words[0] == "default" {
			spec.Default = words[1]
			continue
		}
		spec.Bindings = append(spec.Bindings, ir.TLSBinding{Host: words[0], Certificates: words[1:]})
	}
	return r.Listener(spec, certs)
}

// dialogue is both ends of a handshake.
type dialogue struct {
	client, server tls.ConnectionState
}

// leaf returns the common name of the certificate that the client saw.
func (d *dialogue) leaf() string { return d.client.PeerCertificates[0].Subject.CommonName }

// socketPair returns the ends of a connection with buffers: TLS 1.3 lets both
// sides write at once, over which an unbuffered pipe would stand still.
func socketPair() (near, far net.Conn, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, err
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "pair")
		ends[i], err = net.FileConn(f)
		f.Close()
		if err != nil {
			return nil, nil, err
		}
	}
	return ends[0], ends[1], nil
}

// shake makes a handshake and one byte each way, so that the client gets its
// ticket. The client trusts everything: what it gets is the test's affair.
func shake(l *Listener, client *tls.Config) (*dialogue, error) {
	near, far, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer near.Close()
	defer far.Close()
	server := tls.Server(far, &tls.Config{GetConfigForClient: l.Config})
	served := make(chan error, 1)
	go func() {
		err := server.Handshake()
		if err == nil {
			_, err = server.Write([]byte("x"))
		}
		if err != nil {
			far.Close()
		}
		served <- err
	}()
	client = client.Clone()
	client.InsecureSkipVerify = true
	client.Time = func() time.Time { return start }
	conn := tls.Client(near, client)
	if err := conn.Handshake(); err != nil {
		near.Close()
		<-served
		return nil, err
	}
	var b [1]byte
	if _, err := conn.Read(b[:]); err != nil || !bytes.Equal(b[:], []byte("x")) {
		near.Close()
		<-served
		return nil, err
	}
	if err := <-served; err != nil {
		return nil, err
	}
	return &dialogue{client: conn.ConnectionState(), server: server.ConnectionState()}, nil
}

func mustShake(t testing.TB, l *Listener, client *tls.Config) *dialogue {
	t.Helper()
	d, err := shake(l, client)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
