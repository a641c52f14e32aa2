//go:build e2e

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// These tests start real clusters, as root:
//
//	go test -tags e2e ./hack/cluster
//
// They need what `cluster build` builds, and build it if it is missing.

// A trial is a cluster that a test may break.
type trial struct {
	cluster
	program string
	before  machine
}

// newTrial returns a cluster that is not up yet. When the test ends, it must be
// possible to take it down without a trace.
func newTrial(t *testing.T) trial {
	t.Helper()
	if err := needRoot(); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "cluster")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	// Not in t.TempDir: it would remove what down left, and hide it.
	parent, err := os.MkdirTemp("", "cluster-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	c := trial{cluster: cluster{name: "trial", dir: filepath.Join(parent, "state"), root: root}, program: program}
	c.before = c.look(t)
	t.Cleanup(func() {
		c.mustRun(t, "down")
		if diff := cmp.Diff(c.before, c.look(t)); diff != "" {
			t.Errorf("what is left (-before +after):\n%s", diff)
		}
		if err := os.Remove(parent); err != nil {
			t.Errorf("the state directory is left: %v", err)
		}
	})
	return c
}

// command returns a run of the program on this cluster.
func (c trial) command(args ...string) *exec.Cmd {
	return exec.Command(c.program, append([]string{"-name", c.name, "-dir", c.dir}, args...)...)
}

// try runs the program and returns what it printed.
func (c trial) try(args ...string) (string, error) {
	out, err := c.command(args...).CombinedOutput()
	return string(out), err
}

func (c trial) mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.try(args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// eventually runs a command in the cluster's network until it succeeds.
func (c trial) eventually(t *testing.T, args ...string) string {
	t.Helper()
	var out string
	err := await(t.Context(), strings.Join(args, " "), 3*time.Minute, func(context.Context) error {
		var err error
		if out, err = c.try(append([]string{"exec", "--"}, args...)...); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// machine is what a cluster must leave as it was.
type machine struct {
	Mounts, Names, Links, Cgroups, Processes []string
	Sysctls                                  map[string]string
	Rules                                    string // of the host's packet filter
}

// look takes stock of the machine. Other clusters may come and go meanwhile, as
// may other processes and cgroups, so of those only ones of c count.
func (c trial) look(t *testing.T) machine {
	t.Helper()
	m := machine{Sysctls: map[string]string{}}
	mounts, err := mountPoints()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range mounts {
		if !c.others(p.path) {
			m.Mounts = append(m.Mounts, p.kind+" "+p.path)
		}
		if p.kind == "cgroup" || p.kind == "cgroup2" {
			m.Cgroups = append(m.Cgroups, c.cgroupsOf(p.path)...)
		}
	}
	for _, dir := range []string{"/run", netnsDir, "/run/containerd", "/var/lib", "/var/log", "/var/lib/cni", "/opt", "/etc", "/usr/libexec", "/sys/class/net"} {
		entries, _ := os.ReadDir(dir) // One that is not there has no names.
		for _, e := range entries {
			if path := filepath.Join(dir, e.Name()); !c.others(path) {
				m.Names = append(m.Names, path)
			}
		}
	}
	for s := range sysctls {
		value, err := os.ReadFile("/proc/sys/" + s)
		if err != nil {
			t.Fatal(err)
		}
		m.Sysctls[s] = string(value)
	}
	pids, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if line, ok := c.owns(pid); ok {
			m.Processes = append(m.Processes, line)
		}
	}
	rules, err := exec.Command("nft", "list", "ruleset").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, rules)
	}
	m.Rules = string(rules)
	return m
}

// others says whether a path is that of another cluster, or the directory that
// is there for its sake.
func (c trial) others(path string) bool {
	if path == netnsDir {
		names, _ := filepath.Glob(netnsDir + "/*")
		return slices.ContainsFunc(names, c.others)
	}
	return strings.Contains(path, "/sluice-") && !strings.Contains(path, "/sluice-"+c.name)
}

// cgroupsOf returns the cgroups of c in the hierarchy that is mounted on dir.
func (c trial) cgroupsOf(dir string) []string {
	var found []string
	filepath.WalkDir(filepath.Join(dir, c.cgroupRoot()), func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			found = append(found, path)
		}
		return nil
	})
	return found
}

// owns says whether a process is one of c: it is told of the state directory,
// has it mounted, or is in one of the cgroups. It also describes the process.
func (c trial) owns(pid int) (string, bool) {
	line, _ := os.ReadFile(procPath(pid, "cmdline")) // Of a process that ended, nothing can be read.
	mounts, _ := os.ReadFile(procPath(pid, "mountinfo"))
	cgroups, _ := os.ReadFile(procPath(pid, "cgroup"))
	own := strings.Contains(string(line), c.dir) || strings.Contains(string(mounts), c.dir) || strings.Contains(string(cgroups), c.cgroupRoot()+"/")
	return strconv.Itoa(pid) + " " + strings.ReplaceAll(string(line), "\x00", " "), own
}

// helloImage makes the image of the workload.
func helloImage(t *testing.T, c trial) string {
	t.Helper()
	dir := t.TempDir()
	binary, out := filepath.Join(dir, "hello"), filepath.Join(dir, "hello.tar")
	if err := goCommand(t.Context(), c.root, "build", "-o", binary, "./hack/cluster/testdata/hello"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "./hack/image", "-o", out, "-t", "example.com/hello:v1", "-entrypoint", "/hello", "-user", "65532:65532", binary+":/hello")
	cmd.Dir = c.root
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

// deployHello runs the workload and returns the addresses of its Service.
func (c trial) deployHello(t *testing.T) (clusterIP, balancerIP string) {
	t.Helper()
	c.mustRun(t, "load", helloImage(t, c))
	c.mustRun(t, "exec", "--", "kubectl", "apply", "-f", filepath.Join(c.root, "hack/cluster/testdata/hello.yaml"))
	c.mustRun(t, "exec", "--", "kubectl", "rollout", "status", "deployment/hello", "--timeout=180s")
	clusterIP = c.mustRun(t, "exec", "--", "kubectl", "get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}")
	balancerIP = c.eventually(t, "kubectl", "wait", "service/hello", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", "--timeout=5s",
		"-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")
	return clusterIP, balancerIP
}

func TestClusterRunsPods(t *testing.T) {
	c := newTrial(t)
	c.mustRun(t, "up")
	if m := c.look(t); len(m.Processes) < len(componentNames()) || len(m.Cgroups) == 0 || cmp.Equal(m.Mounts, c.before.Mounts) {
		t.Errorf("the test of what is left would not see this cluster: %+v", m)
	}
	if out := c.mustRun(t, "up"); !strings.Contains(out, "is already up") {
		t.Errorf("the second up printed %q", out)
	}
	clusterIP, balancerIP := c.deployHello(t)
	if ip, err := netip.ParseAddr(balancerIP); err != nil || !netip.MustParsePrefix(loadBalancerRange).Contains(ip) {
		t.Errorf("the load balancer's address is %q, want one of %s", balancerIP, loadBalancerRange)
	}
	for _, ip := range []string{clusterIP, balancerIP} {
		if out := c.eventually(t, "curl", "-sf", "-m", "3", "http://"+ip); !strings.HasPrefix(out, "hello ") {
			t.Errorf("%s answered %q", ip, out)
		}
	}
	if out := c.mustRun(t, "exec", "--", "kubectl", "logs", "deployment/hello"); !strings.Contains(out, "hello from hello-") {
		t.Errorf("logs are %q", out)
	}
	// The image has no shell; that the command is looked for says that exec works.
	if out, err := c.try("exec", "--", "kubectl", "exec", "deployment/hello", "--", "/no-such-file"); err == nil || !strings.Contains(out, "/no-such-file: no such file") {
		t.Errorf("kubectl exec: %v, %q", err, out)
	}
	pods := c.mustRun(t, "exec", "--", "kubectl", "get", "pods", "-o", "name")
	c.mustRun(t, append([]string{"exec", "--", "kubectl", "delete", "--timeout=180s"}, strings.Fields(pods)...)...)
	c.mustRun(t, "exec", "--", "kubectl", "rollout", "status", "deployment/hello", "--timeout=180s")
	if out := c.mustRun(t, "exec", "--", "kubectl", "get", "pods", "-o", "name"); strings.Contains(out, strings.Fields(pods)[0]) {
		t.Errorf("pods are %q after they were deleted", out)
	}
	c.mustRun(t, "down")
	if out, err := c.try("status"); err == nil || !strings.Contains(out, "is not up") {
		t.Errorf("status after down: %v, %q", err, out)
	}
}

// TestAPIServerOutage is what tests of a controller do with the API server.
func TestAPIServerOutage(t *testing.T) {
	c := newTrial(t)
	c.mustRun(t, "up")
	_, balancerIP := c.deployHello(t)
	tests := []struct{ end, begin, state string }{
		{"kill", "start", "ended by signal: killed"},
		{"pause", "resume", "paused"},
		{"stop", "start", "e"}, // By itself or not, as it has time for.
	}
	for _, test := range tests {
		c.mustRun(t, test.end, "kube-apiserver")
		out, err := c.try("status")
		if err == nil || !regexp.MustCompile(`kube-apiserver +\S+ +`+test.state).MatchString(out) {
			t.Errorf("status after %s: %v\n%s", test.end, err, out)
		}
		if out, err := c.try("exec", "--", "kubectl", "get", "nodes", "--request-timeout=2s"); err == nil {
			t.Errorf("after %s, the API server answered %q", test.end, out)
		}
		c.eventually(t, "curl", "-sf", "-m", "3", "http://"+balancerIP)
		c.mustRun(t, test.begin, "kube-apiserver")
		c.mustRun(t, "status")
		c.eventually(t, "kubectl", "get", "service", "hello")
	}
	// Everything has come back to it: a change goes all the way to the pods.
	c.mustRun(t, "exec", "--", "kubectl", "scale", "deployment/hello", "--replicas=3")
	c.mustRun(t, "exec", "--", "kubectl", "rollout", "status", "deployment/hello", "--timeout=180s")
}

// TestDownAfterACrash breaks a cluster in many ways; newTrial checks that down
// leaves nothing, and a new up works where the old one left much.
func TestDownAfterACrash(t *testing.T) {
	tests := map[string]struct {
		// until is the line of progress at which up is killed, empty for never.
		until string
		crash func(*testing.T, trial)
	}{
		"the init process is killed": {crash: func(t *testing.T, c trial) {
			killAll(t, c, func(numbers []int, _ string) bool { return slices.Equal(numbers[1:], []int{1}) })
			if out, err := c.try("status"); err == nil || !strings.Contains(out, "which down removes") {
				t.Errorf("status: %v, %q", err, out)
			}
			c.mustRun(t, "up")
		}},
		"every component is killed": {crash: func(t *testing.T, c trial) {
			killAll(t, c, func(numbers []int, name string) bool {
				return numbers[len(numbers)-1] != 1 && !strings.HasPrefix(name, "containerd-shim")
			})
		}},
		"containers lose their shims": {crash: func(t *testing.T, c trial) {
			c.deployHello(t)
			killAll(t, c, func(_ []int, name string) bool { return strings.HasPrefix(name, "containerd") })
		}},
		"a container is frozen": {crash: func(t *testing.T, c trial) {
			c.deployHello(t)
			i, err := c.running()
			if err != nil {
				t.Fatal(err)
			}
			ctr := []string{"-a", i.insidePath(containerdSocket), "-n", "k8s.io", "tasks"}
			out, err := exec.Command("ctr", append(ctr, "list", "-q")...).Output()
			if err != nil {
				t.Fatal(err)
			}
			for id := range strings.FieldsSeq(string(out)) {
				if text, err := exec.Command("ctr", append(ctr, "pause", id)...).CombinedOutput(); err != nil {
					t.Fatalf("pausing %s: %v: %s", id, err, text)
				}
			}
		}},
		"the state directory is removed": {crash: func(t *testing.T, c trial) {
			os.RemoveAll(c.dir) // Not all of it, as the kubelet makes new files.
			if _, err := os.Stat(c.path(markFile)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the mark is still there: %v", err)
			}
		}},
		"up is killed early":               {until: "starting containerd"},
		"up is killed late":                {until: "starting kube-proxy"},
		"up is killed and comes back late": {until: "starting kubelet", crash: func(t *testing.T, c trial) { c.mustRun(t, "up") }},
		"all is killed half-way": {until: "starting kube-apiserver", crash: func(t *testing.T, c trial) {
			killAll(t, c, func([]int, string) bool { return true })
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newTrial(t)
			if test.until == "" {
				c.mustRun(t, "up")
			} else {
				c.killUp(t, test.until)
			}
			if test.crash != nil {
				test.crash(t, c)
			}
		})
	}
}

// killUp starts up and kills it when it prints a line.
func (c trial) killUp(t *testing.T, line string) {
	t.Helper()
	up := c.command("up")
	out, err := up.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	seen := false
	for lines := bufio.NewScanner(out); !seen && lines.Scan(); {
		seen = lines.Text() == line
	}
	if err := up.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	if up.Wait(); !seen {
		t.Errorf("up never said %q", line)
	}
}

// killAll sends SIGKILL to those processes of the cluster that it is told to,
// by their numbers in each process namespace and their name.
func killAll(t *testing.T, c trial, which func(numbers []int, name string) bool) {
	t.Helper()
	i, err := c.running()
	if err != nil {
		t.Fatal(err)
	}
	outside, err := i.outsidePIDs()
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for _, pid := range outside {
		name := strings.Join(statusField(pid, "Name"), " ")
		if numbers := namespacePIDs(pid); len(numbers) > 1 && which(numbers, name) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err == nil {
				killed++
			}
		}
	}
	if killed == 0 {
		t.Error("there was nothing to kill")
	}
}
