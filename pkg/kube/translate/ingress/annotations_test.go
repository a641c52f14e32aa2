package ingress

import (
	"strings"
	"testing"
)

func TestAnnotationsAreDescribedOnceAndInFull(t *testing.T) {
	seen := make(map[string]bool)
	for _, a := range Annotations() {
		if seen[a.Name] {
			t.Errorf("%s is there twice", a.Name)
		}
		seen[a.Name] = true
		if a.Type == "" || a.Scope == "" || !strings.HasSuffix(a.Doc, ".") {
			t.Errorf("%s is not described: %+v", a.Name, a)
		}
		if a.Use == Supported && a.NginxOnly {
			t.Errorf("%s is supported but not known under our own prefix", a.Name)
		}
	}
}

func TestAsIs(t *testing.T) {
	for name, test := range map[string]struct {
		annotation, value string
		want              bool
	}{
		"the value that asks for what is done anyway": {"use-regex", "false", true},
		"in another case":           {"http2-push-preload", "FALSE", true},
		"another value":             {"use-regex", "true", false},
		"no such value":             {"auth-url", "", false},
		"everyone of both families": {"whitelist-source-range", "0.0.0.0/0, ::/0", true},
		"everyone of one family":    {"whitelist-source-range", "0.0.0.0/0", false},
		"some":                      {"whitelist-source-range", "10.0.0.0/8,::/0", false},
		"nonsense":                  {"whitelist-source-range", "everyone", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := find(test.annotation).asIs(test.value); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
