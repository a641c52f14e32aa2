package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// down ends the cluster and removes everything of it.
func (c cluster) down() error {
	if err := needRoot(); err != nil {
		return err
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return c.clean()
}

// clean removes whatever is there of a cluster: one that runs, one that
// crashed, half of one, or none. Each step does nothing where there is nothing
// to do, and the mark of the state directory goes last, so that a clean that
// was interrupted can be done again.
func (c cluster) clean() error {
	marked, err := c.marked()
	if err != nil {
		return err
	}
	i, err := c.running()
	if err != nil && !errors.Is(err, errDown) {
		return err
	}
	if err == nil {
		marked = true // Its command line says that the directory is its own, whatever became of the mark.
		if err := errors.Join(c.thawCgroups(), i.end(c.name)); err != nil {
			return err
		}
	}
	if err := errors.Join(c.removeNetns(), c.removeCgroups()); err != nil {
		return err
	}
	if !marked {
		os.Remove(c.dir) // Half of `create` is an empty directory; others stay.
		return nil
	}
	return c.removeState()
}

// removeState removes the state directory. Nothing should be mounted below it,
// as mounts end with the mount namespace; but removing what another file
// system holds is the one mistake that could not be made good.
func (c cluster) removeState() error {
	mounts, err := mountPoints()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		if strings.HasPrefix(m.path, c.dir+"/") {
			if err := unix.Unmount(m.path, unix.MNT_DETACH); err != nil {
				return fmt.Errorf("unmounting %s: %w", m.path, err)
			}
		}
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() == markFile {
			continue
		}
		if err := os.RemoveAll(c.path(e.Name())); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return err
	}
	if c.dir == filepath.Join(c.root, "bin", "cluster", c.name) {
		os.Remove(filepath.Dir(c.dir)) // Fails while it has other clusters.
	}
	return nil
}
