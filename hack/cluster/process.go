package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// initProcess is a running cluster, as the machine sees it.
type initProcess struct {
	pid int
	dir string // its state directory
}

// insidePath returns the path by which the machine reaches a path inside.
func (i initProcess) insidePath(path string) string {
	return filepath.Join("/proc", strconv.Itoa(i.pid), "root", path)
}

var errDown = errors.New("the cluster is not up")

// running returns the init process of the cluster, or errDown.
func (c cluster) running() (initProcess, error) {
	i, err := findInit(c.name)
	if err != nil {
		return i, err
	}
	if i.dir != c.dir {
		return i, fmt.Errorf("the cluster %s runs in %s: add -dir %[2]s, or use another -name", c.name, i.dir)
	}
	return i, nil
}

// findInit looks for the init process of a cluster among all processes. There
// is no file with its number: one that outlives a crash, or a reboot, would name
// somebody else's process.
func findInit(name string) (initProcess, error) {
	pids, err := processes()
	if err != nil {
		return initProcess{}, err
	}
	for _, pid := range pids {
		if dir, ok := isInit(pid, name); ok {
			return initProcess{pid: pid, dir: dir}, nil
		}
	}
	return initProcess{}, errDown
}

// isInit says whether a process is the init process of a cluster: process 1 of
// a namespace below ours, with the command line that up gave it (the program
// that enters the network namespace on its way has the same arguments).
func isInit(pid int, name string) (dir string, ok bool) {
	numbers := namespacePIDs(pid)
	if len(numbers) < 2 || numbers[len(numbers)-1] != 1 {
		return "", false
	}
	text, err := os.ReadFile(procPath(pid, "cmdline"))
	if err != nil {
		return "", false
	}
	return parseInitArgs(strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00"), name)
}

// initArgs is the command line of the init process.
func initArgs(name, dir string) []string {
	return []string{filepath.Join(dir, "bin", ownProgram), "-name", name, "-dir", dir, "init"}
}

// parseInitArgs returns the state directory in a command line that ends like
// that of the init process of the cluster with that name.
func parseInitArgs(args []string, name string) (dir string, ok bool) {
	n := len(initArgs("", ""))
	if len(args) < n {
		return "", false
	}
	args = args[len(args)-n:]
	dir = args[n-2]
	return dir, slices.Equal(args, initArgs(name, dir))
}

// processes returns the numbers of all processes.
func processes() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func procPath(pid int, file string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), file)
}

// statusField returns the fields of one line of /proc/PID/status, none if the
// process ended.
func statusField(pid int, name string) []string {
	text, err := os.ReadFile(procPath(pid, "status"))
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(text) {
		if key, value, _ := strings.Cut(string(line), ":"); key == name {
			return strings.Fields(value)
		}
	}
	return nil
}

// namespacePIDs returns the numbers of a process in each process namespace from
// ours inwards; none for one that ended.
func namespacePIDs(pid int) []int {
	var numbers []int
	for _, f := range statusField(pid, "NSpid") {
		n, err := strconv.Atoi(f)
		if err != nil {
			return nil
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// ended says whether a process is gone, or would be if its parent cared.
func ended(pid int) bool {
	state := statusField(pid, "State")
	return len(state) == 0 || state[0] == "Z" || state[0] == "X"
}

// outsidePIDs maps the numbers of processes in the cluster's namespace to the
// machine's numbers.
func (i initProcess) outsidePIDs() (map[int]int, error) {
	namespace, err := os.Readlink(procPath(i.pid, "ns/pid"))
	if err != nil {
		return nil, err
	}
	pids, err := processes()
	if err != nil {
		return nil, err
	}
	outside := map[int]int{}
	for _, pid := range pids {
		if ns, err := os.Readlink(procPath(pid, "ns/pid")); err != nil || ns != namespace {
			continue
		}
		if numbers := namespacePIDs(pid); len(numbers) > 0 {
			outside[numbers[len(numbers)-1]] = pid
		}
	}
	return outside, nil
}

// end kills the cluster's init process, and so all its processes, and waits
// until they are gone.
func (i initProcess) end(name string) error {
	// The handle keeps the number from being given to another process between
	// the second look and the signal.
	p, err := os.FindProcess(i.pid)
	if err != nil {
		return err
	}
	defer func() { _ = p.Release() }() // It only frees the handle.
	if _, ok := isInit(i.pid, name); !ok {
		return nil // It ended by itself.
	}
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending process %d: %w", i.pid, err)
	}
	poll := func(most time.Duration, done func() bool) bool {
		for deadline := time.Now().Add(most); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				return false
			}
		}
		return true
	}
	if !poll(30*time.Second, func() bool { return ended(i.pid) }) {
		return fmt.Errorf("process %d, or one below it, does not end", i.pid)
	}
	// Its parent is process 1 of the machine now, which takes note of its end in
	// its own time, or never in some containers. Nothing but its number is left.
	poll(3*time.Second, func() bool { return len(namespacePIDs(i.pid)) == 0 })
	return nil
}
