package certs

import (
	"bytes"
	"crypto/tls"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// pairOf returns a certificate as a client shows it.
func pairOf(t *testing.T, c ir.Certificate) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(c.ChainPEM, c.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestPolicyOfAServerName(t *testing.T) {
	const aesGCM, aesCBC = tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA
	server := issue(t, "n/server", ecdsaKey(), "x.test")
	known, stranger := issue(t, "n/known", ecdsaKey()), issue(t, "n/stranger", ecdsaKey())
	cas := string(known.ChainPEM)
	spec := ir.ListenerTLS{Default: server.Name, Hosts: []ir.TLSHost{
		{Host: "**.deep.test", Policy: ir.TLSPolicy{MaxVersion: tls.VersionTLS12}},
		{Host: "*.x.test", Policy: ir.TLSPolicy{MinVersion: tls.VersionTLS13}},
		{Host: "cbc.x.test", Policy: ir.TLSPolicy{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{aesCBC}}},
		{Host: "curve.x.test", Policy: ir.TLSPolicy{Curves: []uint16{uint16(tls.CurveP384)}}},
		{Host: "may.x.test", Client: ir.ClientAuth{Mode: ir.ClientAuthOptional, CAs: cas}},
		{Host: "must.x.test", Client: ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: cas}},
	}}
	r := newRegistry(t)
	l, facts := r.Listener(spec, []ir.Certificate{server})
	if facts.Len() > 0 {
		t.Fatal(facts.All())
	}
	knownPair, strangerPair := pairOf(t, known), pairOf(t, stranger)
	for name, tt := range map[string]struct {
		client  *tls.Config
		served  bool
		version uint16
		proto   string
	}{
		"a name without a policy":                  {&tls.Config{ServerName: "x.test"}, true, tls.VersionTLS13, "h2"},
		"TLS 1.3 alone":                            {&tls.Config{ServerName: "a.x.test"}, true, tls.VersionTLS13, "h2"},
		"TLS 1.2 where there is 1.3 alone":         {&tls.Config{ServerName: "A.x.test", MaxVersion: tls.VersionTLS12}, false, 0, ""},
		"a client of 1.2 at another name":          {&tls.Config{ServerName: "x.test", MaxVersion: tls.VersionTLS12}, true, tls.VersionTLS12, "h2"},
		"TLS 1.2 alone":                            {&tls.Config{ServerName: "a.b.deep.test"}, true, tls.VersionTLS12, "h2"},
		"a client of 1.3 where there is 1.2 alone": {&tls.Config{ServerName: "a.deep.test", MinVersion: tls.VersionTLS13}, false, 0, ""},
		"a suite that HTTP/2 does not allow":       {&tls.Config{ServerName: "cbc.x.test"}, true, tls.VersionTLS12, "http/1.1"},
		"a suite that is not there":                {&tls.Config{ServerName: "cbc.x.test", CipherSuites: []uint16{aesGCM}}, false, 0, ""},
		"that suite at another name":               {&tls.Config{ServerName: "x.test", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{aesCBC}}, false, 0, ""},
		"a curve":                                  {&tls.Config{ServerName: "curve.x.test"}, true, tls.VersionTLS13, "h2"},
		"a curve that is not there":                {&tls.Config{ServerName: "curve.x.test", CurvePreferences: []tls.CurveID{tls.X25519}}, false, 0, ""},
		"an optional certificate":                  {&tls.Config{ServerName: "may.x.test"}, true, tls.VersionTLS13, "h2"},
		"an optional one that is known":            {&tls.Config{ServerName: "may.x.test", Certificates: []tls.Certificate{knownPair}}, true, tls.VersionTLS13, "h2"},
		"an optional one that is not":              {&tls.Config{ServerName: "may.x.test", GetClientCertificate: always(&strangerPair)}, false, 0, ""},
		"a required certificate":                   {&tls.Config{ServerName: "must.x.test", Certificates: []tls.Certificate{knownPair}}, true, tls.VersionTLS13, "h2"},
		"a required one that is missing":           {&tls.Config{ServerName: "must.x.test"}, false, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.client.NextProtos = []string{"h2", "http/1.1"}
			d, err := shake(l, tt.client)
			if (err == nil) != tt.served {
				t.Fatalf("served: %v, %v", err == nil, err)
			}
			if err == nil && (d.client.Version != tt.version || d.client.NegotiatedProtocol != tt.proto) {
				t.Errorf("got %s with %q", tls.VersionName(d.client.Version), d.client.NegotiatedProtocol)
			}
		})
	}
}

// always shows a certificate whatever CAs are asked for.
func always(c *tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
}

func TestAHostMayOnlyAskForMoreThanTheProcess(t *testing.T) {
	server := issue(t, "n/server", ecdsaKey(), "x.test")
	r, err := NewRegistry(Options{Policy: ir.TLSPolicy{MinVersion: tls.VersionTLS13}})
	if err != nil {
		t.Fatal(err)
	}
	l, _ := r.Listener(ir.ListenerTLS{Default: server.Name, Hosts: []ir.TLSHost{
		{Host: "low.test", Policy: ir.TLSPolicy{MinVersion: tls.VersionTLS12}},
		{Host: "none.test", Policy: ir.TLSPolicy{MaxVersion: tls.VersionTLS12}},
	}}, []ir.Certificate{server})
	for name, want := range map[string]struct{ old, young bool }{"x.test": {false, true}, "low.test": {false, true}, "none.test": {false, false}} {
		if _, err := shake(l, &tls.Config{ServerName: name, MaxVersion: tls.VersionTLS12}); (err == nil) != want.old {
			t.Errorf("%s with TLS 1.2: %v", name, err)
		}
		if _, err := shake(l, &tls.Config{ServerName: name}); (err == nil) != want.young {
			t.Errorf("%s with TLS 1.3: %v", name, err)
		}
	}
}

func TestPoliciesAreTheSameByWhatTheySay(t *testing.T) {
	r := newRegistry(t)
	strict := ir.TLSHost{Host: "a.test", Client: ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: "x"}}
	second := strict
	second.Host = "b.test"
	third := ir.TLSHost{Host: "c.test", Client: ir.ClientAuth{Mode: ir.ClientAuthRequire, CAs: "y"}}
	one, _ := r.Listener(ir.ListenerTLS{Hosts: []ir.TLSHost{strict, second, third}}, nil)
	two, _ := r.Listener(ir.ListenerTLS{Hosts: []ir.TLSHost{strict}}, nil)
	a := one.Policy("a.test")
	for name, same := range map[string]bool{"a.test": true, "b.test": true, "c.test": false, "d.test": false, "": false} {
		if one.Policy(name).Same(a) != same {
			t.Errorf("that of %q is the same: %v", name, !same)
		}
	}
	if !two.Policy("A.test.").Same(a) || a.Same(nil) || two.Policy("b.test").Same(a) {
		t.Error("a table later it is another one")
	}
	if got := a.ClientAuth(); got != strict.Client.ID() || one.Policy("d.test").ClientAuth() != "" {
		t.Errorf("clients have fulfilled %q", got)
	}
}

func TestASessionIsNotResumedUnderAnotherPolicy(t *testing.T) {
	server := issue(t, "n/server", ecdsaKey(), "x.test")
	r := newRegistry(t)
	made := func(p ir.TLSPolicy, c ir.ClientAuth) *Listener {
		spec := ir.ListenerTLS{Default: server.Name}
		if !p.Zero() || c != (ir.ClientAuth{}) {
			spec.Hosts = []ir.TLSHost{{Host: "x.test", Policy: p, Client: c}}
		}
		l, _ := r.Listener(spec, []ir.Certificate{server})
		return l
	}
	open, again := made(ir.TLSPolicy{}, ir.ClientAuth{}), made(ir.TLSPolicy{}, ir.ClientAuth{})
	curves := made(ir.TLSPolicy{Curves: []uint16{uint16(tls.X25519)}}, ir.ClientAuth{})
	optional := made(ir.TLSPolicy{}, ir.ClientAuth{Mode: ir.ClientAuthOptional, CAs: string(server.ChainPEM)})
	for name, tt := range map[string]struct {
		on   *Listener
		want bool
	}{"the same": {again, true}, "other curves": {curves, false}, "an optional certificate": {optional, false}} {
		t.Run(name, func(t *testing.T) {
			tickets := new(jar)
			client := &tls.Config{ServerName: "x.test", ClientSessionCache: tickets}
			mustShake(t, open, client)
			if got := mustShake(t, tt.on, client).server.DidResume; got != tt.want {
				t.Errorf("resumed: %v", got)
			}
		})
	}
}

func TestStaples(t *testing.T) {
	now := start
	r, err := NewRegistry(Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	server := issue(t, "n/server", ecdsaKey(), "x.test")
	server.Staple, server.StapleUntil = []byte("response"), start.Add(time.Hour).Unix()
	client := func() *tls.Config { return &tls.Config{ServerName: "x.test"} }
	staple := func(c ir.Certificate) []byte {
		l, facts := r.Listener(ir.ListenerTLS{Default: c.Name}, []ir.Certificate{c})
		if facts.Len() > 0 {
			t.Fatal(facts.All())
		}
		return mustShake(t, l, client()).client.OCSPResponse
	}
	if got := staple(server); !bytes.Equal(got, server.Staple) {
		t.Errorf("got %q", got)
	}
	l, _ := r.Listener(ir.ListenerTLS{Default: server.Name}, []ir.Certificate{server})
	now = start.Add(time.Hour)
	if got := mustShake(t, l, client()).client.OCSPResponse; got != nil {
		t.Errorf("%q is served when its time is over", got)
	}
	next := server
	next.Staple, next.StapleUntil = []byte("renewed"), now.Add(time.Hour).Unix()
	if got := staple(next); !bytes.Equal(got, next.Staple) {
		t.Errorf("got %q after it was renewed", got)
	}
	next.Staple, next.StapleUntil = nil, 0
	if got := staple(next); got != nil {
		t.Errorf("got %q after it was taken away", got)
	}
}
