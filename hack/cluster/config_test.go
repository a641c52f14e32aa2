package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestConfigs compares every command line and every configuration file with
// testdata/config, so that a change of the cluster can be read as such.
func TestConfigs(t *testing.T) {
	c := cluster{name: "dev", dir: "/srv/bin/cluster/dev", root: "/srv"}
	files := map[string][]byte{
		"environment":     []byte(strings.Join(environment, "\n") + "\n"),
		"links":           []byte(links),
		"containerd.toml": []byte(containerdConfig("overlayfs", "/usr/lib/cni")),
	}
	for _, component := range c.components() {
		files[component.name+".args"] = []byte(strings.Join(component.args, "\n") + "\n")
	}
	for name, o := range map[string]object{
		"cni.yaml":        cniConfig(), // JSON in the cluster; YAML reads better.
		"kubelet.yaml":    kubeletConfig(c.cgroupRoot()),
		"kube-proxy.yaml": kubeProxyConfig(),
		"kubeconfig.yaml": kubeconfig("dev", "somebody", []byte("ca"), []byte("cert"), []byte("key")),
	} {
		text, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	for name, got := range files {
		golden := filepath.Join("testdata", "config", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got); -update rewrites it:\n%s", name, diff)
		}
	}
	golden, err := os.ReadDir(filepath.Join("testdata", "config"))
	if err != nil || len(golden) != len(files) {
		t.Errorf("testdata/config has %d files (%v), want %d", len(golden), err, len(files))
	}
}

// TestPathsStayInside proves that no component is told of a place that is the
// machine's: what is not replaced by the mount namespace would stay behind.
func TestPathsStayInside(t *testing.T) {
	allowed := []string{inside, "/run", "/var/lib/", "/var/log/"}
	for _, component := range (cluster{name: "dev"}).components() {
		for _, arg := range component.args[1:] {
			_, value, _ := strings.Cut(arg, "=")
			if !strings.HasPrefix(value, "/") {
				continue
			}
			ok := false
			for _, prefix := range allowed {
				ok = ok || strings.HasPrefix(value, prefix)
			}
			if !ok {
				t.Errorf("%s has %s", component.name, arg)
			}
		}
	}
}
