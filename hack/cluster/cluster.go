package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

// cluster names one cluster and the places that belong to it. It is a plain
// value; what is really there, the file system and /proc say.
type cluster struct {
	name string
	// dir holds all state of the cluster. Absolute.
	dir string
	// root is the directory of the repository. Absolute, or empty outside of one.
	root string
}

// module is the first line of go.mod in the directory that newCluster looks for.
const module = "module github.com/sluice-dev/sluice\n"

// defaultName is the cluster's when no other is given.
const defaultName = "dev"

// A name is part of a network namespace's name and of cgroup paths.
var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$`)

// newCluster returns the cluster with that name. An empty dir stands for the
// default place below the repository, in which the caller must be.
func newCluster(name, dir string) (cluster, error) {
	if !validName.MatchString(name) {
		return cluster{}, usageError(fmt.Sprintf("%q is no name: use up to 20 of a-z, 0-9 and -", name))
	}
	root, err := repository()
	if err != nil && dir == "" {
		return cluster{}, err // With a dir, only build and up need the repository.
	}
	if dir == "" {
		dir = filepath.Join(root, "bin", "cluster", name)
	}
	dir, err = filepath.Abs(dir)
	return cluster{name: name, dir: dir, root: root}, err
}

var errNotInRepository = errors.New("the working directory is not inside the repository of Sluice")

// repository returns the first directory from the working directory upwards
// that is the root of this module.
func repository() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), module) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errNotInRepository
		}
	}
}

// path returns a path below the state directory.
func (c cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.dir}, elements...)...)
}

// kubeconfig is the path of the administrator's kubeconfig.
func (c cluster) kubeconfig() string { return c.path("kubeconfig") }

// A mark in a state directory says that it is one, so that `down` never
// removes a directory that something else made.
type mark struct {
	Name       string `json:"name"`
	Kubernetes string `json:"kubernetes"`
}

const markFile = "cluster.json"

// create makes the state directory and puts the mark into it before anything
// else. An existing directory must be empty.
func (c cluster) create() error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty, and no cluster of this program", c.dir)
	}
	text, err := json.Marshal(mark{Name: c.name, Kubernetes: kubernetesVersion})
	if err != nil {
		return err
	}
	return os.WriteFile(c.path(markFile), text, 0o644)
}

// marked says whether the state directory is one of this cluster. An error
// says that it belongs to another one.
func (c cluster) marked() (bool, error) {
	text, err := os.ReadFile(c.path(markFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var m mark
	if err := json.Unmarshal(text, &m); err != nil {
		// A crash can leave an empty mark; nobody else writes a file of that name.
		return true, nil
	}
	if m.Name != c.name {
		return false, fmt.Errorf("%s holds the cluster %q, not %q", c.dir, m.Name, c.name)
	}
	return true, nil
}

// lock makes up and down of clusters with the same parent directory wait for
// each other. It locks that directory itself, so that no lock file stays
// behind; the kernel unlocks when the process ends.
func (c cluster) lock() (unlock func(), err error) {
	parent := filepath.Dir(c.dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	return lockDirectory(parent)
}

// lockDirectory takes the advisory lock of a directory, waiting for it.
func lockDirectory(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX); err != nil {
		d.Close()
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return func() { d.Close() }, nil
}

// needRoot returns an error unless this process is root's.
func needRoot() error {
	if os.Geteuid() != 0 {
		return errors.New("this needs root: network namespaces, mounts and cgroups are made")
	}
	return nil
}
