package certs

import (
	"crypto/tls"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

func TestCertificateIsThatOfTheMostSpecificBinding(t *testing.T) {
	r := newRegistry(t)
	var certs []ir.Certificate
	for _, name := range []string{"n/exact", "n/wildcard", "n/suffix", "n/long", "n/default", "n/partial", "n/narrow"} {
		certs = append(certs, issue(t, name, ecdsaKey(), "whatever.test"))
	}
	bindings := []string{
		"shop.example.com n/exact", "*.example.com n/wildcard", "**.example.com n/suffix", "**.deep.example.com n/long",
		"**.com n/suffix",
		"shop-*.example.com n/partial", "shop-*-eu.example.com n/narrow",
	}
	bare, facts := listener(t, r, certs, bindings...)
	full, more := listener(t, r, certs, append(bindings, "default n/default")...)
	if facts.Len()+more.Len() > 0 {
		t.Fatalf("facts: %v %v", facts.All(), more.All())
	}
	tests := map[string]struct{ sni, rule, binding, cert string }{
		"the exact name":                       {"shop.example.com", "exact", "shop.example.com", "n/exact"},
		"the exact name in capitals":           {"SHOP.Example.COM", "exact", "shop.example.com", "n/exact"},
		"a label that begins as another":       {"shop-1.example.com", "partial", "shop-*.example.com", "n/partial"},
		"a label that ends so, too":            {"shop-1-eu.example.com", "partial", "shop-*-eu.example.com", "n/narrow"},
		"a label that is no longer":            {"shop-.example.com", "wildcard", "*.example.com", "n/wildcard"},
		"one label below a wildcard":           {"other.example.com", "wildcard", "*.example.com", "n/wildcard"},
		"two labels below a wildcard":          {"a.b.example.com", "suffix", "**.example.com", "n/suffix"},
		"below the longer of two suffixes":     {"a.deep.example.com", "suffix", "**.deep.example.com", "n/long"},
		"far below the longer of two suffixes": {"a.b.c.deep.example.com", "suffix", "**.deep.example.com", "n/long"},
		"the host of a suffix is not below it": {"deep.example.com", "wildcard", "*.example.com", "n/wildcard"},
		"the host of a wildcard":               {"example.com", "suffix", "**.com", "n/suffix"},
		"a name that only looks alike":         {"notexample.com", "suffix", "**.com", "n/suffix"},
		"another domain":                       {"example.org", "default", "", "n/default"},
		"one label":                            {"com", "default", "", "n/default"},
		"no name":                              {"", "default", "", "n/default"},
		"a wildcard is no name":                {"*.example.org", "default", "", "n/default"},
		"only dots":                            {"...", "default", "", "n/default"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := full.Explain(test.sni)
			if string(got.Rule) != test.rule || got.Binding != test.binding || got.Candidates[0].Name != test.cert {
				t.Errorf("got %s %s %s", got.Rule, got.Binding, got.Candidates[0].Name)
			}
			if strings.HasPrefix(test.sni, "*") || strings.HasPrefix(test.sni, ".") {
				return // crypto/tls sends no such name.
			}
			if leaf := mustShake(t, full, &tls.Config{ServerName: test.sni}).leaf(); leaf != test.cert {
				t.Errorf("the handshake shows %s", leaf)
			}
			if test.rule == "default" {
				if leaf := mustShake(t, bare, &tls.Config{ServerName: test.sni}).leaf(); leaf != selfSignedName {
					t.Errorf("without a default the handshake shows %s", leaf)
				}
			}
		})
	}
}

// oracle finds the pattern by trying each against the name.
func oracle(patterns []string, name string) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	best := ""
	rank := func(p string) int {
		switch {
		case p == "":
			return -1
		case strings.HasPrefix(p, "**."):
			return len(p)
		case strings.HasPrefix(p, "*."):
			return 1000
		case match.IsPartial(p):
			label, _, _ := strings.Cut(p, ".")
			return 2000 + 100*len(label) + strings.Index(label, "*")
		default:
			return 20_000
		}
	}
	for _, p := range patterns {
		var fits bool
		if host, ok := strings.CutPrefix(p, "**."); ok {
			fits = strings.HasSuffix(name, "."+host)
		} else if host, ok := strings.CutPrefix(p, "*."); ok {
			_, rest, below := strings.Cut(name, ".")
			fits = below && rest == host
		} else if match.IsPartial(p) {
			fits = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, "[^.]+") + "$").MatchString(name)
		} else {
			fits = p == name
		}
		if fits && rank(p) > rank(best) {
			best = p
		}
	}
	return best
}

// FuzzFindIsTheOracle compares the maps with trying every pattern.
func FuzzFindIsTheOracle(f *testing.F) {
	f.Add("a.b.c", "*.b.c **.c a.b.c")
	f.Add("A.B.", "a.b **.b *.b")
	f.Add("..a", "**.a *..a")
	f.Add("cdn-1.a", "cdn-*.a *-1.a *.a **.a cdn*.a")
	r := newRegistry(f)
	cert := issue(f, "n/c", ecdsaKey())
	f.Fuzz(func(t *testing.T, name, patterns string) {
		var hosts, bindings []string
		for _, p := range strings.Fields(strings.ToLower(patterns)) {
			host := strings.TrimPrefix(strings.TrimPrefix(p, "**."), "*.")
			if host == "" || host == "default" || slices.Contains(hosts, p) {
				continue
			}
			if match.IsPartial(p) && new(match.Partials[int]).Add(p, 0) != nil {
				continue
			}
			hosts = append(hosts, p)
			bindings = append(bindings, p+" n/c")
		}
		l, _ := listener(t, r, []ir.Certificate{cert}, bindings...)
		if got, want := l.find(name).pattern, oracle(hosts, name); got != want {
			t.Errorf("%q in %q: got %q, want %q", name, hosts, got, want)
		}
	})
}

func TestCertificateIsOneThatTheClientSupports(t *testing.T) {
	r := newRegistry(t)
	certs := []ir.Certificate{
		issue(t, "n/ecdsa", ecdsaKey(), "x.test"),
		issue(t, "n/rsa", rsaKey(), "x.test"),
		issue(t, "n/ed25519", ed25519Key(), "x.test"),
	}
	only := func(suite uint16) *tls.Config {
		return &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}}
	}
	tests := map[string]struct {
		binding string
		client  *tls.Config
		want    string
	}{
		"the first of two that it supports":       {"n/ecdsa n/rsa", &tls.Config{}, "n/ecdsa"},
		"the first in the other order":            {"n/rsa n/ecdsa", &tls.Config{}, "n/rsa"},
		"RSA for one that knows no ECDSA":         {"n/ecdsa n/rsa", only(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), "n/rsa"},
		"ECDSA for one that knows no RSA":         {"n/rsa n/ecdsa", only(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256), "n/ecdsa"},
		"Ed25519":                                 {"n/ed25519 n/rsa", &tls.Config{}, "n/ed25519"},
		"RSA for one that knows no elliptic ones": {"n/ed25519 n/ecdsa n/rsa", only(tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384), "n/rsa"},
	}
	for name, test := range tests {
		// The names that the certificates hold must make no difference.
		for _, host := range []string{"x.test", "not-in-it.test"} {
			t.Run(name+" at "+host, func(t *testing.T) {
				l, facts := listener(t, r, certs, host+" "+test.binding)
				if facts.Len() > 0 {
					t.Fatal(facts.All())
				}
				client := test.client.Clone()
				client.ServerName = host
				if got := mustShake(t, l, client).leaf(); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
			})
		}
	}
}

func TestOldProtocolsAndWeakCiphersAreRefused(t *testing.T) {
	r := newRegistry(t)
	l, _ := listener(t, r, []ir.Certificate{issue(t, "n/rsa", rsaKey(), "x.test")}, "x.test n/rsa")
	tests := map[string]struct {
		client *tls.Config
		works  bool
	}{
		"TLS 1.1":                        {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		"TLS 1.2":                        {&tls.Config{MaxVersion: tls.VersionTLS12}, true},
		"TLS 1.3":                        {&tls.Config{MinVersion: tls.VersionTLS13}, true},
		"a key exchange without secrecy": {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}, false},
		"a cipher in CBC mode":           {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}}, false},
		"ChaCha20":                       {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256}}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client := test.client.Clone()
			client.ServerName = "x.test"
			if _, err := shake(l, client); (err == nil) != test.works {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestALPN(t *testing.T) {
	r := newRegistry(t)
	l, _ := listener(t, r, nil)
	tests := map[string]struct {
		offer []string
		want  string
	}{
		"both":           {[]string{"http/1.1", "h2"}, "h2"},
		"only HTTP/1.1":  {[]string{"http/1.1"}, "http/1.1"},
		"only HTTP/1.0":  {[]string{"http/1.0"}, "http/1.0"},
		"HTTP/1.0 first": {[]string{"http/1.0", "http/1.1"}, "http/1.1"},
		"none":           {nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := mustShake(t, l, &tls.Config{NextProtos: test.offer}).client.NegotiatedProtocol; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestRotationUnderHandshakes changes the certificate a hundred times while
// clients come: none fails, and each sees the one that was served when it came
// or a newer one.
func TestRotationUnderHandshakes(t *testing.T) {
	r := newRegistry(t)
	var served atomic.Pointer[Listener]
	publish := func(generation int) {
		name := fmt.Sprintf("n/%03d", generation)
		certs := []ir.Certificate{issue(t, name, ecdsaKey(), "x.test")}
		if facts := r.Update(certs); facts.Len() > 0 {
			t.Error(facts.All())
		}
		l, _ := listener(t, r, certs, "x.test "+name)
		served.Store(l)
	}
	publish(0)
	var over atomic.Bool
	var shaking sync.WaitGroup
	for range 2 {
		shaking.Go(func() {
			client := &tls.Config{ServerName: "x.test", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
			for !over.Load() {
				oldest := served.Load().Explain("x.test").Candidates[0].Name
				d, err := shake(served.Load(), client)
				if err != nil {
					t.Error(err)
					return
				}
				if !d.client.DidResume && d.leaf() < oldest {
					t.Errorf("saw %s after %s was served", d.leaf(), oldest)
				}
			}
		})
	}
	for generation := range 100 {
		publish(generation + 1)
	}
	over.Store(true)
	shaking.Wait()
	if got := len(r.parsed); got != 1 {
		t.Errorf("%d certificates are kept, want the one in use", got)
	}
}

func TestExplainShowsTheCandidates(t *testing.T) {
	r := newRegistry(t)
	expired := issue(t, "n/old", rsaKey(), "x.test", "y.test")
	l, _ := listener(t, r, []ir.Certificate{issue(t, "n/new", ecdsaKey(), "*.z.test"), expired}, "x.test n/old n/new")
	r.opts.Now = func() time.Time { return start.AddDate(0, 0, 2) }
	got := l.Explain("x.test")
	want := Choice{Rule: RuleExact, Binding: "x.test", Candidates: []Candidate{
		{Name: "n/old", Names: []string{"x.test", "y.test"}, Algorithm: "RSA", NotBefore: start.Add(-time.Hour), NotAfter: start.Add(24 * time.Hour), Expired: true, Covers: true},
		{Name: "n/new", Names: []string{"*.z.test"}, Algorithm: "ECDSA", NotBefore: start.Add(-time.Hour), NotAfter: start.Add(24 * time.Hour), Expired: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("choice (-want +got):\n%s", diff)
	}
	own := l.Explain("")
	if own.Rule != RuleSelfSigned || len(own.Candidates) != 1 || own.Candidates[0].Name != "" || own.Candidates[0].Covers {
		t.Errorf("without a name: %+v", own)
	}
}
