package translate_test

import (
	"crypto"
	"crypto/tls"
	"os"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// TestStaples checks the responses of OCSP that golden cases have; with -update it makes those
// that are missing, signed by the certificate itself.
func TestStaples(t *testing.T) {
	const certs = "testdata/certs/"
	from, far := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	pair, err := tls.LoadX509KeyPair(certs+"shop.crt", certs+"shop.key")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]ocsp.Response{
		"shop-good.ocsp":     {Status: ocsp.Good, ThisUpdate: from, NextUpdate: far},
		"shop-outdated.ocsp": {Status: ocsp.Good, ThisUpdate: from, NextUpdate: from.Add(time.Hour)},
		"shop-revoked.ocsp":  {Status: ocsp.Revoked, RevokedAt: from, ThisUpdate: from, NextUpdate: far},
	} {
		if _, err := os.Stat(certs + name); *update && err != nil {
			want.SerialNumber = pair.Leaf.SerialNumber
			der, err := ocsp.CreateResponse(pair.Leaf, pair.Leaf, want, pair.PrivateKey.(crypto.Signer))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(certs+name, der, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		der, err := os.ReadFile(certs + name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ocsp.ParseResponseForCert(der, pair.Leaf, pair.Leaf)
		if err != nil || got.Status != want.Status || !got.NextUpdate.Equal(want.NextUpdate) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}
