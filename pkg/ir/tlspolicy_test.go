package ir

import (
	"crypto/tls"
	"slices"
	"testing"
)

func TestParseCipherSuite(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want uint16
		ok   bool
	}{
		"the name of IANA":        {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, true},
		"the name of OpenSSL":     {"ECDHE-ECDSA-CHACHA20-POLY1305", tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, true},
		"no forward secrecy":      {"TLS_RSA_WITH_AES_128_GCM_SHA256", 0, false},
		"a broken one":            {"TLS_ECDHE_RSA_WITH_RC4_128_SHA", 0, false},
		"one of TLS 1.3":          {"TLS_AES_128_GCM_SHA256", 0, false},
		"a class of OpenSSL":      {"HIGH", 0, false},
		"one with Diffie-Hellman": {"DHE-RSA-AES256-GCM-SHA384", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := ParseCipherSuite(tt.text); got != tt.want || ok != tt.ok {
				t.Errorf("got %#x, %v", got, ok)
			}
		})
	}
	for name, id := range opensslSuites {
		if !slices.ContainsFunc(tls.CipherSuites(), func(s *tls.CipherSuite) bool { return s.ID == id }) {
			t.Errorf("%s is no suite that crypto/tls takes for safe", name)
		}
	}
}

func TestParseCurveAndVersion(t *testing.T) {
	if id, ok := ParseCurve("P-256"); !ok || id != uint16(tls.CurveP256) {
		t.Errorf("P-256 is %d, %v", id, ok)
	}
	if _, ok := ParseCurve("brainpoolP256r1"); ok {
		t.Error("a curve that crypto/tls does not have is known")
	}
	if v, ok := ParseTLSVersion("1.3"); !ok || v != tls.VersionTLS13 {
		t.Errorf("1.3 is %#x, %v", v, ok)
	}
	if _, ok := ParseTLSVersion("1.1"); ok {
		t.Error("TLS 1.1 can be asked for")
	}
}

func TestWhatIsAskedOfClientsHasAName(t *testing.T) {
	ids := map[string]bool{}
	for _, a := range []ClientAuth{
		{}, {Mode: ClientAuthRequest}, {Mode: ClientAuthRequire, CAs: "a"}, {Mode: ClientAuthRequire, CAs: "b"}, {Mode: ClientAuthOptional, CAs: "a"},
	} {
		ids[a.ID()] = true
	}
	if len(ids) != 5 || !ids[""] {
		t.Errorf("got %v", ids)
	}
}
