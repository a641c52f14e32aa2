package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupRoot is the cgroup, from the root of each hierarchy, that holds all
// pods of the cluster.
func (c cluster) cgroupRoot() string { return "/sluice-" + c.name }

// mountPoint is one line of /proc/PID/mountinfo.
type mountPoint struct {
	path    string
	kind    string   // of file system
	options []string // of the file system; for cgroup v1 these are controllers
}

// mountPoints returns what is mounted in this process's mount namespace.
func mountPoints() ([]mountPoint, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return parseMountInfo(text), nil
}

// parseMountInfo reads the format of proc(5): "36 35 98:0 /root /path opts
// [tags] - kind source options", with blanks in paths as \040.
func parseMountInfo(text []byte) []mountPoint {
	var mounts []mountPoint
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 {
			continue
		}
		path := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(left[4])
		mounts = append(mounts, mountPoint{path: path, kind: right[0], options: strings.Split(right[2], ",")})
	}
	return mounts
}

// createCgroups makes the cluster's cgroup in each hierarchy, as the kubelet
// wants its root to be there.
func (c cluster) createCgroups() error {
	mounts, err := mountPoints()
	if err != nil {
		return err
	}
	made := false
	for _, m := range mounts {
		dir := filepath.Join(m.path, c.cgroupRoot())
		switch {
		case m.kind == "cgroup":
			err = createCgroup1(m, dir)
		case m.kind == "cgroup2" && m.path == "/sys/fs/cgroup":
			err = createCgroup2(m.path, dir)
		default:
			continue // Beside hierarchies of version 1, version 2 has no controllers.
		}
		if err != nil {
			return fmt.Errorf("making cgroup %s: %w", dir, err)
		}
		made = true
	}
	if !made {
		return errors.New("no cgroup hierarchy is mounted on /sys/fs/cgroup")
	}
	return nil
}

// createCgroup1 makes a cgroup in a hierarchy of version 1. A new cgroup has
// neither CPUs nor memory nodes there and can run nothing, until it is given some.
func createCgroup1(m mountPoint, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if !slices.Contains(m.options, "cpuset") {
		return nil
	}
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		text, err := os.ReadFile(filepath.Join(m.path, file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// kubeletControllers are those that the kubelet insists on.
var kubeletControllers = []string{"cpu", "cpuset", "memory", "pids"}

// createCgroup2 makes a cgroup in the unified hierarchy, whose root must hand
// controllers down. On most machines it does already, thanks to systemd.
func createCgroup2(root, dir string) error {
	control := filepath.Join(root, "cgroup.subtree_control")
	text, err := os.ReadFile(control)
	if err != nil {
		return err
	}
	on := strings.Fields(string(text))
	for _, name := range kubeletControllers {
		if slices.Contains(on, name) {
			continue
		}
		if err := os.WriteFile(control, []byte("+"+name), 0); err != nil {
			return fmt.Errorf("turning on the controller %s (in a container, its processes must move to a child cgroup first): %w", name, err)
		}
	}
	return os.Mkdir(dir, 0o755)
}

// removeCgroups removes the cluster's cgroups in every hierarchy. Their
// processes have ended; a frozen one has only if it is thawed first.
func (c cluster) removeCgroups() error {
	mounts, err := mountPoints()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		if m.kind != "cgroup" && m.kind != "cgroup2" {
			continue
		}
		if err := removeCgroup(filepath.Join(m.path, c.cgroupRoot())); err != nil {
			return err
		}
	}
	return nil
}

// thawCgroups lets frozen processes (of paused containers) run, as under
// version 1 not even SIGKILL ends them otherwise.
func (c cluster) thawCgroups() error {
	mounts, err := mountPoints()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		if m.kind != "cgroup" || !slices.Contains(m.options, "freezer") {
			continue
		}
		dirs, err := cgroupsBelow(filepath.Join(m.path, c.cgroupRoot()))
		if err != nil {
			return err
		}
		for _, d := range dirs {
			err := os.WriteFile(filepath.Join(d, "freezer.state"), []byte("THAWED"), 0)
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // Pods still come and go.
				return err
			}
		}
	}
	return nil
}

// cgroupsBelow returns a cgroup and those below it, each before its children;
// none if it is not there.
func cgroupsBelow(dir string) ([]string, error) {
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	return dirs, err
}

// removeCgroup removes a cgroup and those below it, deepest first. The kernel
// lets go of a cgroup a little after its last process ended.
func removeCgroup(dir string) error {
	dirs, err := cgroupsBelow(dir)
	if err != nil {
		return err
	}
	for _, d := range slices.Backward(dirs) {
		err := unix.Rmdir(d)
		for deadline := time.Now().Add(10 * time.Second); errors.Is(err, unix.EBUSY) && time.Now().Before(deadline); {
			time.Sleep(50 * time.Millisecond)
			err = unix.Rmdir(d)
		}
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("removing cgroup %s: %w", d, err)
		}
	}
	return nil
}
