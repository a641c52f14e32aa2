package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a file in dir, in place of one that the kernel would show there.
func write(t *testing.T, dir, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCgroup1GetsTheCPUsOfTheRoot(t *testing.T) {
	root := t.TempDir()
	write(t, root, "cpuset.cpus", "0-3\n")
	write(t, root, "cpuset.mems", "0\n")
	for _, controllers := range [][]string{{"rw", "cpuset"}, {"rw", "memory"}} {
		dir := filepath.Join(root, controllers[1])
		if err := createCgroup1(mountPoint{path: root, kind: "cgroup", options: controllers}, dir); err != nil {
			t.Fatal(err)
		}
		cpus, err := os.ReadFile(filepath.Join(dir, "cpuset.cpus"))
		if has := err == nil; has != (controllers[1] == "cpuset") || has && string(cpus) != "0-3\n" {
			t.Errorf("with %s: CPUs = %q, %v", controllers[1], cpus, err)
		}
	}
}

func TestCgroup2NeedsItsControllers(t *testing.T) {
	tests := map[string]struct {
		on   string
		want string // what is written last to turn a controller on
	}{
		"all are on":   {"cpuset cpu io memory hugetlb pids", "cpuset cpu io memory hugetlb pids"},
		"one is off":   {"cpuset cpu memory", "+pids"},
		"none is on":   {"", "+pids"},
		"a longer one": {"cpuset cpu memory pids2", "+pids"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, "cgroup.subtree_control", test.on)
			dir := filepath.Join(root, "sluice-dev")
			if err := createCgroup2(root, dir); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(root, "cgroup.subtree_control")); err != nil || string(got) != test.want {
				t.Errorf("control = %q, %v, want %q", got, err, test.want)
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				t.Errorf("the cgroup was not made: %v", err)
			}
		})
	}
}

func TestRemoveCgroupGoesDeepestFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sluice-dev")
	if err := os.MkdirAll(filepath.Join(dir, "kubepods", "besteffort", "pod1"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 { // The second time there is none.
		if err := removeCgroup(dir); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := filepath.Glob(filepath.Dir(dir) + "/*"); err != nil || len(left) > 0 {
		t.Errorf("left: %s, %v", strings.Join(left, " "), err)
	}
}
