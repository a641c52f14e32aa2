package apiserver

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// InstallGatewayCRDs installs the CRDs of the Gateway API's experimental channel
// and waits until they are served.
func (s *Server) InstallGatewayCRDs(t testing.TB) {
	t.Helper()
	s.installGatewayCRDs(t, "experimental")
}

// InstallStandardGatewayCRDs is InstallGatewayCRDs for the standard channel.
func (s *Server) InstallStandardGatewayCRDs(t testing.TB) {
	t.Helper()
	s.installGatewayCRDs(t, "standard")
}

func (s *Server) installGatewayCRDs(t testing.TB, channel string) {
	t.Helper()
	if _, err := envtest.InstallCRDs(s.Config(t), gatewayCRDs(t, channel)); err != nil {
		t.Fatalf("install the CRDs of the Gateway API: %v", err)
	}
}

// gatewayCRDs names the CRDs that belong to the types that are compiled in.
func gatewayCRDs(t testing.TB, channel string) envtest.CRDInstallOptions {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatalf("find the module of the Gateway API: %v", err)
	}
	paths, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "config", "crd", channel, "gateway.networking.*k8s.io_*s.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no CRDs of the Gateway API: %v", err)
	}
	return envtest.CRDInstallOptions{Paths: paths, ErrorIfPathMissing: true, MaxTime: startTimeout}
}
