package ingress

import (
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// readCiphers reads ssl-ciphers, a list of OpenSSL's: names, between colons. Suites that are not
// known, and words that stand for many, are left out; where nothing is left, the routes
// are closed.
func (t *translation) readCiphers(set *settings) {
	set.ciphers = t.ciphers("ssl-ciphers", set)
}

// broad are words of OpenSSL that stand for many suites, all of those that Sluice has among them, and that leave out
// none of those.
var broad = []string{
	"DEFAULT", "ALL", "HIGH", "+HIGH", "MEDIUM", "+MEDIUM", "LOW", "+LOW", "EXP", "+EXP", "+SSLv2", "@STRENGTH", "ECDHE", "EECDH", "!aNULL", "!eNULL", "!NULL",
	"!LOW", "!EXP", "!EXPORT", "!EXPORT40", "!EXPORT56", "!DES", "!3DES", "!RC4", "RC4+RSA", "!MD5", "!PSK", "!SRP", "!CAMELLIA", "!SEED", "!IDEA", "!ADH", "!AECDH", "!DSS",
	"!kRSA", "!SSLv2", "!SSLv3", "!DH", "!ARIA",
}

// ciphers reads such a list; empty leaves it to the process.
func (t *translation) ciphers(short string, set *settings) (suites []uint16) {
	at, written := t.text(short)
	if written == "" {
		return nil
	}
	var unknown []string
	wide := false
	for _, name := range strings.FieldsFunc(written, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		switch suite, ok := ir.ParseCipherSuite(name); {
		case ok && !slices.Contains(suites, suite):
			suites = append(suites, suite)
		case ok || strings.HasPrefix(name, "TLS_AES_") || strings.HasPrefix(name, "TLS_CHACHA20_"):
			// Those of TLS 1.3 are always there.
		case slices.Contains(broad, name):
			wide = true
		default:
			unknown = append(unknown, name)
		}
	}
	slices.Sort(suites)
	switch {
	case len(suites) == 0 && len(unknown) == 0 && wide:
		if written != "DEFAULT" {
			t.Facts.Infof(t.origin, at.Field, report.Unsupported, "it has no effect: all ciphers that Sluice has are among those")
		}
	case len(suites) == 0:
		t.close(set, at, report.Unsupported, "none of the ciphers is one that Sluice knows")
	case len(unknown) > 0:
		t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "Sluice does not have %s, so the other ciphers are used alone", strings.Join(unknown, ", "))
	}
	return suites
}
