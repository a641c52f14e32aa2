package translate_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot/snapshottest"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
)

// TestMemoChangesNothing translates every case with a memo that has seen all cases
// before it, and a clock that has moved on.
func TestMemoChangesNothing(t *testing.T) {
	memo := translate.NewMemo()
	for _, name := range []string{"tls", "tls-broken-secrets", "tls-two-keys", "tls", "tls-expired", "tls-expired", "tls-default-certificate"} {
		archive, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		s, _ := snapshottest.Load(t, withCertificates(t, archive))
		for _, now := range []time.Time{time.Unix(1e9, 0), time.Unix(2e9, 0)} {
			o := options(t, file(archive, "options"))
			o.Now = now
			want, _, wantFacts := translate.Translate(s, o)
			o.Memo = memo
			got, _, gotFacts := translate.Translate(s, o)
			if !ir.Equal(want, got) {
				t.Errorf("%s: the memo changes the model", name)
			}
			if diff := cmp.Diff(wantFacts.All(), gotFacts.All()); diff != "" {
				t.Errorf("%s: the memo changes the facts: %s", name, diff)
			}
		}
	}
}

// TestKeysAreNotPrinted looks for the keys of the cases in all that they say.
func TestKeysAreNotPrinted(t *testing.T) {
	key, err := os.ReadFile("testdata/certs/shop.key")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tls", "tls-broken-secrets"} {
		archive, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range run(t, archive) {
			for i := 40; i+20 < len(key); i += 20 {
				if part := string(key[i : i+20]); bytes.Contains(f.Data, []byte(part)) {
					t.Errorf("%s: %s holds a part of a private key", name, f.Name)
				}
			}
		}
	}
}
