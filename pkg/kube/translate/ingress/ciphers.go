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
	at, written := t.text("ssl-ciphers")
	if written == "" {
		return
	}
	var unknown []string
	for _, name := range strings.FieldsFunc(written, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		switch suite, ok := ir.ParseCipherSuite(name); {
		case ok && !slices.Contains(set.ciphers, suite):
			set.ciphers = append(set.ciphers, suite)
		case ok || strings.HasPrefix(name, "TLS_AES_") || strings.HasPrefix(name, "TLS_CHACHA20_"):
			// Those of TLS 1.3 are always there.
		default:
			unknown = append(unknown, name)
		}
	}
	slices.Sort(set.ciphers)
	switch {
	case len(set.ciphers) == 0:
		t.close(set, at, report.Unsupported, "none of the ciphers is one that Sluice knows")
	case len(unknown) > 0:
		t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "Sluice does not have %s, so the other ciphers are used alone", strings.Join(unknown, ", "))
	}
}
