package upstream

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T, name string) *authority {
	a := &authority{}
	made := a.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.cert, a.key = made.Leaf, made.PrivateKey.(*ecdsa.PrivateKey)
	a.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	return a
}

// issue makes a certificate that the authority signs, or that signs itself as long as it has no key.
func (a *authority) issue(t *testing.T, template *x509.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// secureEndpoint listens on loopback and ends each handshake with what it saw.
func secureEndpoint(t *testing.T, config *tls.Config) (ir.EndpointSet, <-chan tls.ConnectionState) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen, served := make(chan tls.ConnectionState, 16), make(chan struct{})
	go func() {
		defer close(served)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			conn := tls.Server(nc, config)
			if conn.Handshake() == nil {
				seen <- conn.ConnectionState()
			}
			t.Cleanup(func() { nc.Close() })
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-served
	})
	address := ln.Addr().(*net.TCPAddr).AddrPort()
	return ir.EndpointSet{Key: "s", Endpoints: []ir.Endpoint{{Address: netip.AddrPortFrom(address.Addr().Unmap(), address.Port())}}}, seen
}

func TestEndpointsProveWhoTheyAre(t *testing.T) {
	ca, stranger := newAuthority(t, "ours"), newAuthority(t, "theirs")
	spiffe, err := url.Parse("spiffe://shop.example.com/web")
	if err != nil {
		t.Fatal(err)
	}
	leaf := ca.issue(t, &x509.Certificate{DNSNames: []string{"web.example.com", "*.wild.example.com"}, URIs: []*url.URL{spiffe}})
	set, seen := secureEndpoint(t, &tls.Config{Certificates: []tls.Certificate{*leaf}})
	tests := map[string]struct {
		tls    ir.UpstreamTLS
		proved bool
	}{
		"the CA and the name":     {ir.UpstreamTLS{CAs: ca.pem, Names: []string{"web.example.com"}}, true},
		"another CA":              {ir.UpstreamTLS{CAs: stranger.pem, Names: []string{"web.example.com"}}, false},
		"one of two CAs":          {ir.UpstreamTLS{CAs: stranger.pem + ca.pem, Names: []string{"web.example.com"}}, true},
		"the CAs of the system":   {ir.UpstreamTLS{System: true, Names: []string{"web.example.com"}}, false},
		"no usable CA":            {ir.UpstreamTLS{CAs: "x", Names: []string{"web.example.com"}}, false},
		"another name":            {ir.UpstreamTLS{CAs: ca.pem, Names: []string{"other.example.com"}}, false},
		"a name below a wildcard": {ir.UpstreamTLS{CAs: ca.pem, Names: []string{"a.wild.example.com"}}, true},
		"one of two names":        {ir.UpstreamTLS{CAs: ca.pem, Names: []string{"other.example.com", "web.example.com"}}, true},
		"a URI":                   {ir.UpstreamTLS{CAs: ca.pem, URIs: []string{spiffe.String()}}, true},
		"another URI":             {ir.UpstreamTLS{CAs: ca.pem, URIs: []string{"spiffe://other.example.com/web"}}, false},
		"a URI or a name":         {ir.UpstreamTLS{CAs: ca.pem, Names: []string{"x.example.com"}, URIs: []string{spiffe.String()}}, true},
		"nobody":                  {ir.UpstreamTLS{CAs: ca.pem}, false},
		"the name that is asked for is not enough": {ir.UpstreamTLS{CAs: ca.pem, ServerName: "web.example.com", Names: []string{"x.example.com"}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, Options{})
			r.SetEndpoints(set)
			u := upstreamOf("u", "s")
			u.TLS = tt.tls
			u.TLS.Enabled = true
			if u.TLS.ServerName == "" {
				u.TLS.ServerName = "asked.example.com"
			}
			c, err := mustPick(t, r.Acquire(u)).Dial(context.Background(), time.Minute)
			if (err == nil) != tt.proved {
				t.Fatalf("got %v, want proved %v", err, tt.proved)
			}
			if err != nil {
				var failed *Error
				if !errors.As(err, &failed) || failed.Phase != PhaseTLS || failed.Fault != FaultUpstream {
					t.Errorf("got %#v", err)
				}
				return
			}
			defer c.Close()
			if s := <-seen; s.ServerName != u.TLS.ServerName || s.NegotiatedProtocol != "" {
				t.Errorf("the endpoint saw %+v", s)
			}
		})
	}
}

func TestSluiceShowsItsCertificate(t *testing.T) {
	ca := newAuthority(t, "ours")
	leaf := ca.issue(t, &x509.Certificate{DNSNames: []string{"web.example.com"}})
	own := ca.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "sluice"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	set, seen := secureEndpoint(t, &tls.Config{Certificates: []tls.Certificate{*leaf}, ClientAuth: tls.RequireAnyClientCert})
	r := newRegistry(t, Options{})
	r.SetEndpoints(set)
	u := upstreamOf("u", "s")
	u.TLS = ir.UpstreamTLS{Enabled: true, CAs: ca.pem, Names: []string{"web.example.com"}}
	c, err := mustPick(t, r.AcquireAs(u, own)).Dial(context.Background(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if s := <-seen; s.PeerCertificates[0].Subject.CommonName != "sluice" {
		t.Errorf("the endpoint saw %v", s.PeerCertificates[0].Subject)
	}
}

func TestEndpointsNeedNotProveWhoTheyAreWhereThatIsSaid(t *testing.T) {
	leaf := newAuthority(t, "theirs").issue(t, &x509.Certificate{DNSNames: []string{"anybody.example.com"}})
	set, seen := secureEndpoint(t, &tls.Config{Certificates: []tls.Certificate{*leaf}})
	r := newRegistry(t, Options{})
	r.SetEndpoints(set)
	u := upstreamOf("u", "s")
	u.TLS = ir.UpstreamTLS{Enabled: true, Unverified: true}
	c, err := mustPick(t, r.Acquire(u)).Dial(context.Background(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if s := <-seen; s.ServerName != "" {
		t.Errorf("the endpoint was asked for %q", s.ServerName)
	}
}

func TestNobodyIsAskedWithoutTheCertificateThatIsAskedFor(t *testing.T) {
	ca := newAuthority(t, "ours")
	leaf := ca.issue(t, &x509.Certificate{DNSNames: []string{"web.example.com"}})
	set, _ := secureEndpoint(t, &tls.Config{Certificates: []tls.Certificate{*leaf}, ClientAuth: tls.RequestClientCert})
	r := newRegistry(t, Options{})
	r.SetEndpoints(set)
	u := upstreamOf("u", "s")
	u.TLS = ir.UpstreamTLS{Enabled: true, CAs: ca.pem, Names: []string{"web.example.com"}, Certificate: "ns/broken"}
	c, err := mustPick(t, r.AcquireAs(u, nil)).Dial(context.Background(), time.Minute)
	if err == nil {
		c.Close()
		t.Fatal("the endpoint was spoken with by nobody in particular")
	}
	var failed *Error
	if !errors.As(err, &failed) || failed.Phase != PhaseTLS {
		t.Errorf("got %#v", err)
	}
	d := r.Dump()[0]
	if last := d.Endpoints[0].LastError; !strings.Contains(last, `"ns/broken" cannot be used`) || !strings.Contains(d.TLS, `names=web.example.com`) {
		t.Errorf("the dump says %q of %q", last, d.TLS)
	}
}

func TestNewTrustMakesNewConnections(t *testing.T) {
	ca := newAuthority(t, "ours")
	leaf := ca.issue(t, &x509.Certificate{DNSNames: []string{"web.example.com"}})
	// A ticket that comes behind the handshake would lie on the idle connection, which nothing is read from here.
	set, _ := secureEndpoint(t, &tls.Config{Certificates: []tls.Certificate{*leaf}, SessionTicketsDisabled: true})
	r := newRegistry(t, Options{})
	r.SetEndpoints(set)
	u := upstreamOf("u", "s")
	u.TLS = ir.UpstreamTLS{Enabled: true, CAs: ca.pem, Names: []string{"web.example.com"}}
	p := r.Acquire(u)
	c, _ := mustConn(t, mustPick(t, p))
	c.Put()
	r.Acquire(u)
	if c, reused := mustConn(t, mustPick(t, p)); !reused {
		t.Error("the same trust made a new connection")
	} else {
		c.Put()
	}
	u.TLS.Names = []string{"other.example.com"}
	r.Acquire(u)
	if c, _, err := mustPick(t, p).Conn(context.Background(), time.Minute); err == nil {
		t.Errorf("a connection to one who has not proved to be other.example.com: %v", c.Endpoint().Address())
	}
}
