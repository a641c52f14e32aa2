package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The init process is process 1 of the cluster's process namespace. When it
// ends, for whatever reason, the kernel ends all processes of the namespace; with
// the last of them the mount namespace goes, and every mount in it. The verb
// `up` starts it, inside the network namespace, and is told on file 3 how far it is.
const progressFile = 3

// runInit brings the cluster up and then waits for its own end.
func runInit(ctx context.Context, c cluster) error {
	if os.Getpid() != 1 {
		return usageError("init is for up to start, as process 1 of a namespace")
	}
	// Signals for process 1 that it does not ask for are dropped; ctx asks for those to end.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	syscall.CloseOnExec(progressFile)
	progress := os.NewFile(progressFile, "progress")
	if err := bringUp(ctx, c, progress); err != nil {
		return err // The end of this process is the end of what runs already.
	}
	fmt.Fprintln(progress, progressReady)
	progress.Close()
	<-ctx.Done()
	return nil
}

// progressReady is the last line of progress.
const progressReady = "ready"

// bringUp starts everything and returns when pods can run.
func bringUp(ctx context.Context, c cluster, progress *os.File) error {
	s := newSupervisor(inside, inside+"/log") // For as long as this process lives.
	say := func(what string) { fmt.Fprintln(progress, what) }
	if err := makeMounts(c.dir); err != nil {
		return err
	}
	if err := configureNetwork(s); err != nil {
		return err
	}
	if err := writeContainerdConfig(snapshotter()); err != nil {
		return err
	}
	listener, err := net.Listen("unix", controlSocket)
	if err != nil {
		return err
	}
	components := c.components()
	go s.serveControl(ctx, listener, components)
	for _, component := range components {
		say("starting " + component.name)
		if err := s.startReady(ctx, component); err != nil {
			return err
		}
		if component.name == "containerd" {
			// The kubelet starts pods as soon as it runs.
			if err := s.run("load-pause", "ctr", "-n", "k8s.io", "images", "import", inside+"/pause.tar"); err != nil {
				return err
			}
		}
	}
	say("waiting for the node")
	a, err := newAPI()
	if err != nil {
		return err
	}
	return await(ctx, "the node", 4*time.Minute, a.nodeReady)
}

// replaced are the directories of the machine that the cluster sees as its own:
// programs have paths below them built in (the kubelet, CNI's cache, pods' logs).
var replaced = []string{"/var/lib", "/var/log"}

// makeMounts makes this mount namespace the cluster's own. dir is the state
// directory, as the machine names it.
func makeMounts(dir string) error {
	// Nothing that is mounted from now on shows outside.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	// The directory may be below one that is replaced next, so hold on to it.
	state, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening %s: %w", dir, err)
	}
	defer unix.Close(state)
	mounts := []struct{ what, source, target, kind string }{
		{"sockets and locks", "tmpfs", "/run", "tmpfs"},
		{"the state directory", fmt.Sprintf("/proc/self/fd/%d", state), inside, ""},
	}
	for _, d := range replaced {
		mounts = append(mounts, struct{ what, source, target, kind string }{d, inside + d, d, ""})
	}
	for _, m := range mounts {
		if m.kind == "" {
			if err := os.MkdirAll(m.target, 0o755); err != nil {
				return err
			}
			err = unix.Mount(m.source, m.target, "", unix.MS_BIND|unix.MS_REC, "")
		} else {
			err = unix.Mount(m.source, m.target, m.kind, unix.MS_NOSUID|unix.MS_NODEV, "mode=755")
		}
		if err != nil {
			return fmt.Errorf("mounting %s on %s: %w", m.what, m.target, err)
		}
	}
	// Process numbers of the new namespace. Not /sys: that would hide the cgroups.
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := shadowSysctls(); err != nil {
		return err
	}
	// Pods may ask for propagation of mounts, which needs shared ones. They are
	// shared within this namespace.
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")
}

// sysctls are those of the machine that the kubelet sets, and what it wants there.
var sysctls = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// shadowSysctls shows the kubelet files with the values that it wants, in
// place of the machine's, so that it leaves the machine's alone.
func shadowSysctls() error {
	dir := "/run/sysctl"
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, value := range sysctls {
		file := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(file, "/proc/sys/"+name, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("shadowing sysctl %s: %w", name, err)
		}
	}
	return nil
}

// snapshotter returns the kind of containerd's store of file systems that
// works for the state directory: overlays, or copies where it is on an overlay.
func snapshotter() string {
	dir := inside + "/tmp/overlay"
	for _, d := range []string{"lower", "upper", "work", "merged"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return "native"
		}
	}
	options := fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", dir)
	if err := unix.Mount("overlay", dir+"/merged", "overlay", 0, options); err != nil {
		return "native"
	}
	if err := errors.Join(unix.Unmount(dir+"/merged", 0), os.RemoveAll(dir)); err != nil {
		return "native"
	}
	return "overlayfs"
}
