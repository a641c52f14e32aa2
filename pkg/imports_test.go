package pkg_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/sluice-dev/sluice/"

// layers is the table of section "Packages" of the design: what each package
// may import of ours, by prefix. A package that is not listed fails the test.
// "+k8s" allows the Kubernetes modules, "+runtime" also clients and
// controller-runtime.
var layers = map[string][]string{
	"pkg/report":                     {},
	"pkg/ir":                         {"pkg/report"},
	"pkg/wire":                       {},
	"pkg/wire/h1":                    {"pkg/wire"},
	"pkg/wire/h2":                    {"pkg/wire"},
	"pkg/wire/h3":                    {"pkg/wire"},
	"pkg/wire/section":               {"pkg/wire"},
	"pkg/wire/proxyproto":            {},
	"pkg/filter":                     {"pkg/wire"},
	"pkg/filter/clientcert":          {"pkg/filter", "pkg/ir"},
	"pkg/filter/activelimit":         {"pkg/filter", "pkg/ir", "pkg/limit"},
	"pkg/filter/bodies":              {"pkg/filter", "pkg/ir"},
	"pkg/filter/compress":            {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/build":               {"pkg/filter", "pkg/ir", "pkg/jwks", "pkg/limit"},
	"pkg/filter/cors":                {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/errorpage":           {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/fault":               {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/headers":             {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/ipaccess":            {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/mirror":              {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/ratelimit":           {"pkg/filter", "pkg/ir", "pkg/wire", "pkg/limit"},
	"pkg/filter/basicauth":           {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/bearer":              {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/jwt":                 {"pkg/filter", "pkg/ir", "pkg/wire", "pkg/jwks"},
	"pkg/filter/anyof":               {"pkg/filter"},
	"pkg/filter/extauth":             {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/redirect":            {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/respond":             {"pkg/filter", "pkg/ir", "pkg/wire"},
	"pkg/filter/rewrite":             {"pkg/filter", "pkg/ir", "pkg/wire", "pkg/table/match"},
	"pkg/internal/leaktest":          {},
	"pkg/accesslog":                  {},
	"pkg/metrics":                    {},
	"pkg/limit/pressure":             {},
	"pkg/limit/class":                {"pkg/expression"},
	"pkg/limit/queue":                {},
	"pkg/limit/flow":                 {},
	"pkg/jwks":                       {},
	"pkg/limit/active":               {},
	"pkg/limit/rate":                 {},
	"pkg/certs":                      {"pkg/ir", "pkg/report", "pkg/table/match"},
	"pkg/upstream":                   {"pkg/ir", "pkg/report", "pkg/upstream/balance", "pkg/upstream/breaker", "pkg/upstream/health", "pkg/upstream/probe", "pkg/wire", "pkg/metrics"},
	"pkg/upstream/balance":           {},
	"pkg/expression":                 {},
	"pkg/upstream/cost":              {"pkg/upstream/balance", "pkg/expression"},
	"pkg/upstream/breaker":           {},
	"pkg/upstream/health":            {},
	"pkg/upstream/probe":             {"pkg/wire"},
	"pkg/table":                      {"pkg/ir", "pkg/report", "pkg/filter", "pkg/upstream", "pkg/certs", "pkg/limit", "pkg/table/match"},
	"pkg/table/match":                {},
	"pkg/proxy/spool":                {},
	"pkg/proxy":                      {"pkg/proxy/l4", "pkg/proxy/spool", "pkg/table", "pkg/filter", "pkg/upstream", "pkg/limit", "pkg/certs", "pkg/wire", "pkg/accesslog", "pkg/metrics", "pkg/tracing", "pkg/report"},
	"pkg/proxy/l4":                   {},
	"pkg/proxy/proxytest":            {"pkg/"},
	"pkg/admin":                      {"pkg/table", "pkg/upstream", "pkg/metrics", "pkg/certs", "pkg/ir", "pkg/report"},
	"pkg/api/v1alpha1":               {"+k8s"},
	"pkg/kube/snapshot":              {"pkg/api", "pkg/report", "+k8s"},
	"pkg/kube/snapshot/snapshottest": {"pkg/api", "pkg/report", "pkg/kube/snapshot", "pkg/kube/files", "+k8s"},
	"pkg/kube/files":                 {"charts/sluice/charts/gateway-api-crds", "config/crd", "pkg/api", "pkg/report", "pkg/kube/snapshot", "+k8s"},
	"pkg/kube/verdict":               {"+k8s"},
	"pkg/kube/translate":             {"pkg/kube/snapshot", "pkg/kube/verdict", "pkg/kube/translate/", "pkg/ir", "pkg/report", "pkg/api", "+k8s"},
	"pkg/kube/translate/ingress":     {"pkg/kube/snapshot", "pkg/kube/translate/resolve", "pkg/kube/translate/policies", "pkg/kube/translate/settings", "pkg/ir", "pkg/report", "pkg/api", "+k8s"},
	"pkg/kube/translate/proxyroute":  {"pkg/kube/snapshot", "pkg/kube/translate/resolve", "pkg/kube/translate/policies", "pkg/kube/translate/settings", "pkg/ir", "pkg/report", "pkg/api", "+k8s"},
	"pkg/kube/translate/gateway":     {"pkg/kube/snapshot", "pkg/kube/verdict", "pkg/kube/translate/resolve", "pkg/kube/translate/policies", "pkg/kube/translate/settings", "pkg/ir", "pkg/report", "pkg/api", "+k8s"},
	"pkg/kube/translate/policies":    {"pkg/kube/snapshot", "pkg/kube/verdict", "pkg/kube/translate/resolve", "pkg/kube/translate/settings", "pkg/ir", "pkg/report", "pkg/api", "+k8s"},
	"pkg/kube/translate/settings":    {"pkg/kube/translate/resolve", "pkg/upstream/cost", "pkg/limit/class", "pkg/ir", "pkg/report", "pkg/api", "+k8s"},
	"pkg/kube/translate/resolve":     {"pkg/kube/snapshot", "pkg/ir", "pkg/report", "pkg/api", "+k8s"},
	"pkg/kube/front":                 {"pkg/kube/snapshot", "pkg/kube/verdict", "+k8s"},
	"pkg/kube/status":                {"pkg/kube/front", "pkg/kube/snapshot", "pkg/kube/verdict", "pkg/report", "pkg/api", "+k8s", "+runtime"},
	"pkg/kube/controller":            {"pkg/kube/snapshot", "pkg/report", "pkg/api", "+k8s", "+runtime"},
	"pkg/app":                        {"pkg/", "examples", "+k8s", "+runtime"},
	"pkg/app/echo":                   {},
}

var kubernetes = []string{"k8s.io/", "sigs.k8s.io/"}

var clients = []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime"}

func TestEachPackageImportsOnlyItsLayer(t *testing.T) {
	for dir, imports := range packages(t) {
		allowed, listed := layers[dir]
		if !listed {
			t.Errorf("%s is not in the table of layers", dir)
			continue
		}
		for _, path := range imports {
			if reason := forbidden(dir, path, allowed); reason != "" {
				t.Errorf("%s imports %s: %s", dir, path, reason)
			}
		}
	}
}

// forbidden returns why dir must not import path, or "".
func forbidden(dir, path string, allowed []string) string {
	own, isOwn := strings.CutPrefix(path, module)
	switch {
	case isOwn:
		for _, prefix := range allowed {
			if own == prefix || strings.HasPrefix(own, strings.TrimSuffix(prefix, "/")+"/") {
				return ""
			}
		}
		if strings.HasPrefix(own, dir+"/internal/") {
			return ""
		}
		return "not in its layer"
	case strings.HasPrefix(path, "github.com/quic-go/") && dir != "pkg/wire/h3":
		return "QUIC stays in pkg/wire/h3"
	case hasPrefix(path, clients) && !contains(allowed, "+runtime"):
		return "clients belong to controller, status and app"
	case hasPrefix(path, kubernetes) && !contains(allowed, "+k8s"):
		return "Kubernetes stays in pkg/kube, pkg/api and pkg/app"
	}
	return ""
}

func hasPrefix(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// packages returns the imports of each package below pkg that has code besides
// tests, by its folder.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-e", "-f", "{{.ImportPath}}|{{len .GoFiles}}|{{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		if len(parts) != 3 || parts[1] == "0" {
			continue
		}
		dir := strings.TrimPrefix(parts[0], module)
		if strings.Contains(dir, "/internal/") {
			continue
		}
		found[dir] = strings.Fields(parts[2])
	}
	if len(found) == 0 {
		t.Fatal("go list found no package")
	}
	return found
}
