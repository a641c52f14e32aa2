package clientcert

import (
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestFilter(t *testing.T) {
	f, err := New(&ir.ClientCertificate{Auth: "require cas=sha256:01"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		auth   string
		passes bool
	}{
		"the same demand":              {"require cas=sha256:01", true},
		"none, or clear text":          {"", false},
		"another CA":                   {"require cas=sha256:02", false},
		"an optional one of these CAs": {"optional cas=sha256:01", false},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.OnRequestHead(&filter.Exchange{ClientAuth: tt.auth, Secure: true, Subject: "CN=x"})
			if (a == nil) != tt.passes || a != nil && a.Status != 403 {
				t.Errorf("got %+v", a)
			}
		})
	}
	named, err := New(&ir.ClientCertificate{Auth: "a", Subject: "CN=(ci|cd)"})
	if err != nil {
		t.Fatal(err)
	}
	for subject, passes := range map[string]bool{"CN=ci,O=x": true, "CN=dev": false, "": false} {
		if a := named.OnRequestHead(&filter.Exchange{ClientAuth: "a", Subject: subject}); (a == nil) != passes {
			t.Errorf("%q: got %+v", subject, a)
		}
	}
	if _, err := New(&ir.ClientCertificate{Auth: "a", Subject: "("}); err == nil {
		t.Error("a filter with no expression was made")
	}
	if _, err := New(&ir.ClientCertificate{}); err == nil {
		t.Error("a filter that lets everyone through was made")
	}
}
