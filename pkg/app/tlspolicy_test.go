package app

import (
	"crypto/tls"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestTLSFlags(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		want ir.TLSPolicy
		err  bool
	}{
		"none": {nil, ir.TLSPolicy{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13}, false},
		"all of them": {
			[]string{"--tls-min-version=1.2", "--tls-max-version=1.2", "--tls-cipher-suites=ECDHE-RSA-AES128-GCM-SHA256,ECDHE-RSA-AES128-SHA", "--tls-curves", "X25519", "--tls-curves", "P-256"},
			ir.TLSPolicy{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
				CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}, Curves: []uint16{29, 23}}, false,
		},
		"a version that is too old": {[]string{"--tls-min-version=1.1"}, ir.TLSPolicy{}, true},
		"a suite that is broken":    {[]string{"--tls-cipher-suites=RC4-SHA"}, ir.TLSPolicy{}, true},
		"an unknown curve":          {[]string{"--tls-curves=x"}, ir.TLSPolicy{}, true},
		"versions the wrong way":    {[]string{"--tls-min-version=1.3", "--tls-max-version=1.2"}, ir.TLSPolicy{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := parse(t, VerbServe, tt.args...)
			var got ir.TLSPolicy
			if err == nil {
				got, err = o.TLS.policy()
			}
			if (err != nil) != tt.err {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the policy (-want +got):\n%s", diff)
			}
		})
	}
}
