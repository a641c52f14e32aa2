package translate_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/files"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
)

// neighbour is an object that nothing else may harm.
const neighbour = `
---
apiVersion: v1
kind: Service
metadata: {name: quiet, namespace: neighbour}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: quiet, namespace: neighbour, creationTimestamp: "2020-01-01T00:00:00Z"}
spec:
  rules:
  - host: neighbour.example.com
    http: {paths: [{path: /, pathType: Exact, backend: {service: {name: quiet, port: {number: 80}}}}]}
`

// FuzzTranslate reads any text before a good one. The model must be sound, and
// the good one served, unless the text names it.
func FuzzTranslate(f *testing.F) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if filepath.Ext(file.Name) == ".yaml" {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, facts, err := files.Read("fuzz", bytes.NewReader(append(bytes.Clone(text), neighbour...)))
		if err != nil {
			t.Fatal(err)
		}
		for _, fact := range facts.All() {
			if strings.ContainsAny(fact.String(), "\r\n") {
				t.Errorf("a fact has several lines: %q", fact)
			}
		}
		check(t, s, bytes.Contains(text, []byte("neighbour")))
	})
}

// check translates a snapshot with several options.
func check(t *testing.T, s *snapshot.Snapshot, named bool) {
	for _, all := range []bool{true, false} {
		o := translate.DefaultOptions()
		o.AllClasses, o.LocalAddresses, o.ReportEndpoints = all, all, all
		o.Offline, o.OwnHTTP, o.OwnHTTPS = all, 80, 443
		config, _, facts := translate.Translate(s, o)
		for _, fact := range facts.All() {
			if strings.ContainsAny(fact.String(), "\r\n") {
				t.Errorf("a fact has several lines: %q", fact)
			}
		}
		if err := ir.Validate(config); err != nil {
			t.Errorf("the model is not sound: %v", err)
		}
		// Upstreams share endpoint sets; each set that one names is there once.
		wanted := make(map[string]bool)
		for _, u := range config.Upstreams {
			wanted[u.Endpoints] = true
		}
		sets := translate.Endpoints(s, config)
		for _, set := range sets {
			if !wanted[set.Key] {
				t.Errorf("the endpoint set %q is there twice, or nobody names it", set.Key)
			}
			delete(wanted, set.Key)
		}
		if len(wanted) > 0 {
			t.Errorf("the endpoint sets %v are missing", wanted)
		}
		if all && !named && !serves(config, "ingress/neighbour/quiet/0/0") {
			t.Error("the neighbour is not served")
		}
	}
}

func serves(config *ir.Config, id string) bool {
	for _, host := range config.RouteSets[0].Hosts {
		for _, route := range host.Routes {
			if forward, ok := route.Action.(*ir.Forward); ok && route.ID == id {
				return forward.Backends[0].Upstream != ""
			}
		}
	}
	return false
}
