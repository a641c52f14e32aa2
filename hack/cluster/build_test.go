package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestVersionsAreThoseOfTheModules compares the versions in names of
// directories and in ldflags with what is really built.
func TestVersionsAreThoseOfTheModules(t *testing.T) {
	tests := map[string]string{
		"kubernetes/go.mod": "k8s.io/kubernetes v" + kubernetesVersion,
		"etcd/go.mod":       "go.etcd.io/etcd/server/v3 v" + etcdVersion,
	}
	for file, want := range tests {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\t"+want+" //") && !strings.Contains(string(text), "require "+want+" //") {
			t.Errorf("%s does not require %s", file, want)
		}
		// The parts of Kubernetes have its version, with a 0 for the 1.
		for line := range strings.Lines(string(text)) {
			if replaced, by, ok := strings.Cut(line, " => "); ok {
				part := strings.TrimSpace(replaced)
				if want := part + " v0." + strings.TrimPrefix(kubernetesVersion, "1."); strings.TrimSpace(by) != want {
					t.Errorf("%s replaces %s by %s, want %s", file, part, by, want)
				}
			}
		}
	}
}

// TestEveryProgramIsATool keeps go.mod's list and ours the same, as go.sum
// covers what go.mod lists.
func TestEveryProgramIsATool(t *testing.T) {
	for _, b := range bundles {
		text, err := os.ReadFile(filepath.Join(b.module, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		for name, pkg := range b.programs {
			if !strings.Contains(string(text), "\t"+pkg+"\n") && !strings.Contains(string(text), "tool "+pkg+"\n") {
				t.Errorf("%s/go.mod lacks the tool %s for %s", b.module, pkg, name)
			}
		}
	}
}

func TestProgramsOf(t *testing.T) {
	tests := map[string]struct {
		names []string
		want  []string
		err   string
	}{
		"nothing means all": {nil, []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"}, ""},
		"names":             {[]string{"kubelet", "etcd"}, []string{"kubelet", "etcd"}, ""},
		"envtest is three":  {[]string{"envtest"}, []string{"etcd", "kube-apiserver", "kubectl"}, ""},
		"an unknown name":   {[]string{"etcd", "kubeadm"}, nil, `"kubeadm" is no program of etcd,`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := programsOf(test.names)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("programs (-want +got):\n%s", diff)
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error = %v, want one with %q", err, test.err)
			}
		})
	}
}

func TestLinksLeadToPrograms(t *testing.T) {
	bin := t.TempDir()
	dir := filepath.Join(bin, envtestDir)
	for _, b := range bundles {
		if err := os.Mkdir(filepath.Join(bin, b.dir), 0o755); err != nil {
			t.Fatal(err)
		}
		for p := range b.programs {
			if err := os.WriteFile(filepath.Join(bin, b.dir, p), []byte(p), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../k8s-v1.0.0/kubectl", filepath.Join(dir, "kubectl")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // The second time all is there.
		if err := linkPrograms(dir, bin, envtest); err != nil {
			t.Fatal(err)
		}
		for _, p := range envtest {
			if content, err := os.ReadFile(filepath.Join(dir, p)); err != nil || string(content) != p {
				t.Errorf("%s leads to %q, %v", p, content, err)
			}
		}
	}
}
