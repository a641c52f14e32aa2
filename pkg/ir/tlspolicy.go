package ir

import (
	"crypto/tls"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/report"
)

// TLSHost is what handshakes for the server names of a host pattern are held to, in place of
// what the listener says.
type TLSHost struct {
	// Host is a host pattern as in Host.Pattern; "" is every name, and none.
	Host string
	// Policy bounds what may be agreed on.
	Policy TLSPolicy
	// Client says what is asked of clients' certificates.
	Client ClientAuth
	// Origin and Field are the part of the object that asks for it, for `explain`. They have no effect.
	Origin report.Origin
	Field  string
}

// TLSPolicy bounds what a handshake may agree on. What is zero is left to the process, as its
// flags have it.
type TLSPolicy struct {
	// MinVersion and MaxVersion are numbers of crypto/tls: TLS 1.2 or 1.3.
	MinVersion, MaxVersion uint16
	// CipherSuites are those of TLS 1.2 that may be used, sorted; those of TLS 1.3 all may.
	CipherSuites []uint16
	// Curves are the ways to agree on a key that may be used, sorted.
	Curves []uint16
}

// Zero says that the policy leaves everything to the process.
func (p *TLSPolicy) Zero() bool {
	return p.MinVersion == 0 && p.MaxVersion == 0 && len(p.CipherSuites) == 0 && len(p.Curves) == 0
}

// tlsVersions are the versions that can be asked for.
var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// ParseTLSVersion reads a version, such as "1.2".
func ParseTLSVersion(text string) (version uint16, ok bool) {
	version, ok = tlsVersions[text]
	return version, ok
}

// tlsCurves are the ways to agree on a key, by their names in the registry of IANA and by other
// common ones.
var tlsCurves = map[string]uint16{
	"X25519MLKEM768":     uint16(tls.X25519MLKEM768),
	"SecP256r1MLKEM768":  uint16(tls.SecP256r1MLKEM768),
	"SecP384r1MLKEM1024": uint16(tls.SecP384r1MLKEM1024),
	"X25519":             uint16(tls.X25519),
	"secp256r1":          uint16(tls.CurveP256),
	"P-256":              uint16(tls.CurveP256),
	"prime256v1":         uint16(tls.CurveP256),
	"secp384r1":          uint16(tls.CurveP384),
	"P-384":              uint16(tls.CurveP384),
	"secp521r1":          uint16(tls.CurveP521),
	"P-521":              uint16(tls.CurveP521),
}

// ParseCurve reads the name of a way to agree on a key, such as "X25519" or "P-256".
func ParseCurve(name string) (curve uint16, ok bool) {
	curve, ok = tlsCurves[name]
	return curve, ok
}

// opensslSuites are the names by which OpenSSL knows suites.
var opensslSuites = map[string]uint16{
	"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-ECDSA-AES128-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	"ECDHE-RSA-AES128-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	"ECDHE-ECDSA-AES256-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	"ECDHE-RSA-AES256-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
}

// ParseCipherSuite reads the name of a suite of TLS 1.2, as the registry of IANA or OpenSSL
// has it. Suites without forward secrecy, or that are broken, are not known.
func ParseCipherSuite(name string) (suite uint16, ok bool) {
	if suite, ok = opensslSuites[name]; ok {
		return suite, true
	}
	for _, s := range tls.CipherSuites() {
		if s.Name == name && slices.Contains(s.SupportedVersions, tls.VersionTLS12) {
			return s.ID, true
		}
	}
	return 0, false
}

// words returns the words of a dump.
func (p *TLSPolicy) words() []string {
	var words []string
	for _, v := range []struct {
		name    string
		version uint16
	}{{"min", p.MinVersion}, {"max", p.MaxVersion}} {
		if v.version != 0 {
			words = append(words, v.name+"="+quote(strings.TrimPrefix(tls.VersionName(v.version), "TLS ")))
		}
	}
	if len(p.CipherSuites) > 0 {
		words = append(words, "suites="+quote(joined(p.CipherSuites, tls.CipherSuiteName)))
	}
	if len(p.Curves) > 0 {
		words = append(words, "curves="+quote(joined(p.Curves, curveName)))
	}
	return words
}

func curveName(id uint16) string { return tls.CurveID(id).String() }

func joined(ids []uint16, name func(uint16) string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = name(id)
	}
	return strings.Join(names, ",")
}

// String returns all of it that has an effect in one line.
func (h *TLSHost) String() string {
	words := append([]string{quote(h.Host)}, h.Policy.words()...)
	if h.Client != (ClientAuth{}) {
		words = append(words, "client="+h.Client.Mode.String())
		words = append(words, h.Client.words()...)
	}
	return strings.Join(words, " ")
}

// ID returns a short text that differs where it asks something else of clients; empty where it
// asks nothing.
func (a *ClientAuth) ID() string {
	if *a == (ClientAuth{}) {
		return ""
	}
	return strings.Join(append([]string{a.Mode.String()}, a.words()...), " ")
}

func (v *validator) tlsHosts(hosts []TLSHost) {
	for i := range hosts {
		h := &hosts[i]
		v.ascending(i, func(i int) string { return hosts[i].Host })
		v.check(validPattern(h.Host), "the host of a TLS policy is no host pattern")
		v.tlsPolicy(&h.Policy)
		v.clientAuth(&h.Client)
	}
}

func (v *validator) tlsPolicy(p *TLSPolicy) {
	for _, version := range []uint16{p.MinVersion, p.MaxVersion} {
		v.check(version == 0 || version == tls.VersionTLS12 || version == tls.VersionTLS13, "a TLS version is neither 1.2 nor 1.3")
	}
	v.check(p.MaxVersion == 0 || p.MinVersion <= p.MaxVersion, "the lowest TLS version is above the highest")
	for _, id := range p.CipherSuites {
		if _, known := ParseCipherSuite(tls.CipherSuiteName(id)); !known {
			v.problem("the cipher suite %s is not known", strconv.Itoa(int(id)))
		}
	}
	for _, id := range p.Curves {
		known := false
		for _, curve := range tlsCurves {
			known = known || curve == id
		}
		v.check(known, "a curve is not known")
	}
	for _, ids := range [][]uint16{p.CipherSuites, p.Curves} {
		v.check(slices.IsSorted(ids) && len(slices.Compact(slices.Clone(ids))) == len(ids), "the suites or curves of a TLS policy are not sorted, or one is there twice")
	}
}
