package proxy_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// certificate makes a self-signed one.
func certificate(t *testing.T, name string, hosts ...string) ir.Certificate {
	t.Helper()
	made, err := makeCertificate(name, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func makeCertificate(name string, from, until time.Time, hosts ...string) (ir.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return ir.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: hosts, NotBefore: from, NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return ir.Certificate{}, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return ir.Certificate{}, err
	}
	sum := sha256.Sum256(der)
	return ir.Certificate{
		Name: name, Fingerprint: hex.EncodeToString(sum[:]),
		ChainPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		KeyPEM:   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

func TestMisdirectedHostsAreRefused(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	c.Certificates = []ir.Certificate{
		certificate(t, "ns/one", "a.example", "b.example"),
		certificate(t, "ns/two", "c.example"),
	}
	https := &c.Listeners[1]
	https.TLS.Bindings = []ir.TLSBinding{
		{Host: "a.example", Certificates: []string{"ns/one"}},
		{Host: "b.example", Certificates: []string{"ns/one"}},
		{Host: "c.example", Certificates: []string{"ns/two"}},
	}
	k.Serve(c)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	for name, c := range map[string]struct {
		serverName, host string
		status           string
	}{
		"the name asked for":                           {"a.example", "a.example", "200"},
		"it in another spelling":                       {"a.example", "A.Example.:443", "200"},
		"a name with the same certificate":             {"a.example", "b.example", "200"},
		"a name bound to another certificate":          {"a.example", "c.example", "421"},
		"a name that is bound to none":                 {"a.example", "d.example", "200"},
		"a server name that is bound to none":          {"d.example", "c.example", "200"},
		"no server name":                               {"", "c.example", "200"},
		"the other way round from another certificate": {"c.example", "a.example", "421"},
	} {
		t.Run(name, func(t *testing.T) {
			nc := k.DialTLS(ir.ListenerHTTPS, c.serverName)
			r := bufio.NewReader(nc)
			for range 2 { // The decision is kept for the next request.
				io.WriteString(nc, "GET / HTTP/1.1\r\nHost: "+c.host+"\r\n\r\n")
				head, err := proxytest.ReadHead(r)
				if err != nil || !strings.HasPrefix(head, "HTTP/1.1 "+c.status+" ") {
					t.Errorf("got %q, %v", head, err)
				}
				io.CopyN(io.Discard, r, contentLength(t, head))
			}
		})
	}
}

func TestHandshakeIsBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{Proxy: proxy.Options{Timeouts: proxy.Timeouts{Handshake: 7 * time.Second}}}, nil)
		nc := k.Dial(ir.ListenerHTTPS)
		began := time.Now()
		io.ReadAll(nc)
		if took := time.Since(began); took != 7*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestListenerOutsideTheTableServesNothing(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	nc := k.Dial(ir.ListenerHTTP)
	c, _ := proxytest.Config()
	c.Listeners = nil
	k.Serve(c)
	if got := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); got != "" {
		t.Errorf("a new connection gets %q", got)
	}
	nc.Close()
}

func TestARequestInClearTextWhereTLSIsSpoken(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{Network: proxytest.Loopback{}})
	c, _ := proxytest.Config()
	both := matrixCertificates()
	c.Certificates = both[:1]
	c.Listeners[1].TLS.Default = both[0].Name
	k.Serve(c)
	for name, tt := range map[string]struct{ sent, got string }{
		"a request":   {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		"a long one":  {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000), "HTTP/1.1 400 Bad Request\r\n"},
		"HTTP/2":      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		"other bytes": {"\x00\x01\x02\x03\x04\x05\x06", ""},
	} {
		t.Run(name, func(t *testing.T) {
			nc := k.Dial(ir.ListenerHTTPS)
			if _, err := io.WriteString(nc, tt.sent); err != nil {
				t.Fatal(err)
			}
			if err := nc.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(nc) // An end and a reset are as good.
			head, body, _ := strings.Cut(string(got), "\r\n\r\n")
			if !strings.HasPrefix(head, strings.TrimSuffix(tt.got, "\r\n")) || tt.got == "" && len(got) > 0 {
				t.Errorf("got %q", got)
			}
			if tt.got != "" && !strings.Contains(head, fmt.Sprintf("Content-Length: %d\r\n", len(body))) {
				t.Errorf("the length is not that of %q: %q", body, head)
			}
		})
	}
}
