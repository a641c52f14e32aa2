package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The versions of what is built. They are those of kubernetes/go.mod and
// etcd/go.mod; a test compares them.
const (
	kubernetesVersion = "1.36.3"
	etcdVersion       = "3.6.5"
)

// bundle is a set of programs that one Go module builds, at one version.
type bundle struct {
	// dir is where they go, below bin/. It names the version, so that what is
	// there need never be built again.
	dir string
	// module is the directory of the module that pins them, below hack/cluster.
	module string
	// programs maps each to its package.
	programs map[string]string
	// ldflags sets the versions that they report.
	ldflags string
}

var bundles = []bundle{
	{
		dir:      "etcd-v" + etcdVersion,
		module:   "etcd",
		programs: map[string]string{"etcd": "go.etcd.io/etcd/server/v3"},
		ldflags:  "-s -w -X go.etcd.io/etcd/api/v3/version.GitSHA=v" + etcdVersion,
	},
	{
		dir:    "k8s-v" + kubernetesVersion,
		module: "kubernetes",
		programs: map[string]string{
			"kube-apiserver":          "k8s.io/kubernetes/cmd/kube-apiserver",
			"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
			"kube-proxy":              "k8s.io/kubernetes/cmd/kube-proxy",
			"kube-scheduler":          "k8s.io/kubernetes/cmd/kube-scheduler",
			"kubectl":                 "k8s.io/kubernetes/cmd/kubectl",
			"kubelet":                 "k8s.io/kubernetes/cmd/kubelet",
		},
		ldflags: kubernetesLDFlags(),
	},
}

// kubernetesLDFlags stamps the version into the two packages that report it.
func kubernetesLDFlags() string {
	parts := strings.Split(kubernetesVersion, ".")
	flags := []string{"-s", "-w"}
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags,
			"-X "+pkg+".gitVersion=v"+kubernetesVersion,
			"-X "+pkg+".gitMajor="+parts[0],
			"-X "+pkg+".gitMinor="+parts[1],
		)
	}
	return strings.Join(flags, " ")
}

// envtest is what controller-runtime's test environment starts. Its directory
// of links is for KUBEBUILDER_ASSETS.
var envtest = []string{"etcd", "kube-apiserver", "kubectl"}

const envtestDir = "envtest-v" + kubernetesVersion

// build builds the named programs, or all of them if names is empty. A program
// that is there already is not built again.
func (c cluster) build(ctx context.Context, names []string) error {
	if c.root == "" {
		return errNotInRepository
	}
	want, err := programsOf(names)
	if err != nil {
		return err
	}
	bin := filepath.Join(c.root, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	unlock, err := lockDirectory(bin)
	if err != nil {
		return err
	}
	defer unlock()
	for _, b := range bundles {
		if err := c.buildBundle(ctx, b, want); err != nil {
			return err
		}
	}
	if !containsAll(want, envtest) {
		return nil
	}
	return linkPrograms(filepath.Join(bin, envtestDir), bin, envtest)
}

// programsOf checks and completes what the command line names.
func programsOf(names []string) ([]string, error) {
	var known []string
	for _, b := range bundles {
		for p := range b.programs {
			known = append(known, p)
		}
	}
	slices.Sort(known)
	if len(names) == 0 {
		return known, nil
	}
	var want []string
	for _, n := range names {
		switch {
		case n == "envtest":
			want = append(want, envtest...)
		case slices.Contains(known, n):
			want = append(want, n)
		default:
			return nil, usageError(fmt.Sprintf("%q is no program of %s, envtest", n, strings.Join(known, ", ")))
		}
	}
	return want, nil
}

func containsAll(list, wanted []string) bool {
	for _, w := range wanted {
		if !slices.Contains(list, w) {
			return false
		}
	}
	return true
}

// buildBundle builds those programs of b that are wanted and missing, all of
// them in one go command, into a directory beside their place, and moves them
// there when they are whole.
func (c cluster) buildBundle(ctx context.Context, b bundle, want []string) error {
	place := filepath.Join(c.root, "bin", b.dir)
	var missing, packages []string
	for p, pkg := range b.programs {
		_, err := os.Stat(filepath.Join(place, p))
		if slices.Contains(want, p) && errors.Is(err, fs.ErrNotExist) {
			missing, packages = append(missing, p), append(packages, pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	fmt.Fprintf(os.Stderr, "building %s into bin/%s (a few minutes, once)\n", strings.Join(missing, ", "), b.dir)
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	// A build that was killed leaves its directory; the lock says that none runs.
	old, err := filepath.Glob(filepath.Join(place, ".build-*"))
	if err != nil {
		return err
	}
	for _, dir := range old {
		os.RemoveAll(dir)
	}
	temp, err := os.MkdirTemp(place, ".build-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	// With several packages, -o must be a directory, and names each program
	// after its package. With one, -o names it; etcd's package is called "server".
	out := temp + "/"
	if len(missing) == 1 {
		out += missing[0]
	}
	args := append([]string{"build", "-trimpath", "-ldflags", b.ldflags, "-o", out}, packages...)
	if err := goCommand(ctx, filepath.Join(c.root, "hack", "cluster", b.module), args...); err != nil {
		return fmt.Errorf("building %s: %w", strings.Join(missing, ", "), err)
	}
	for _, p := range missing {
		if err := os.Rename(filepath.Join(temp, p), filepath.Join(place, p)); err != nil {
			return err
		}
	}
	return nil
}

// goCommand runs the go command in dir, for static binaries and with the
// modules that go.mod there pins, whatever the caller's own settings are.
func goCommand(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false -mod=readonly", "GOOS=linux", "GOARCH=")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// linkPrograms fills dir with relative links to programs below bin.
func linkPrograms(dir, bin string, names []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, b := range bundles {
		for p := range b.programs {
			if !slices.Contains(names, p) {
				continue
			}
			target, err := filepath.Rel(dir, filepath.Join(bin, b.dir, p))
			if err != nil {
				return err
			}
			link := filepath.Join(dir, p)
			if old, err := os.Readlink(link); err == nil && old == target {
				continue
			}
			os.Remove(link) // What is there is an old link; if not, Symlink says so.
			if err := os.Symlink(target, link); err != nil {
				return err
			}
		}
	}
	return nil
}
