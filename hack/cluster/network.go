package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// netnsDir is where `ip netns` keeps the names of network namespaces, so that
// it lists ours as well.
const netnsDir = "/run/netns"

// netns is the path of the cluster's network namespace.
func (c cluster) netns() string { return filepath.Join(netnsDir, "sluice-"+c.name) }

// createNetns makes a network namespace and gives it its name. `ip netns add`
// would do, but it also makes a mount of netnsDir that nothing removes again.
func (c cluster) createNetns() error {
	if err := os.MkdirAll(netnsDir, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(c.netns(), os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	f.Close()
	done := make(chan error)
	go func() {
		// The namespace belongs to this thread alone. It ends with the goroutine,
		// as nothing unlocks it, and the mount keeps the namespace.
		runtime.LockOSThread()
		done <- nameNewNetns(c.netns())
	}()
	return <-done
}

// nameNewNetns moves this thread to a new network namespace, named path.
func nameNewNetns(path string) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("making a network namespace: %w", err)
	}
	if err := unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("naming a network namespace %s: %w", path, err)
	}
	return nil
}

// removeNetns takes away the name; the kernel ends the namespace, with all its
// interfaces and rules, when no process is in it. The directory of names goes
// too if it is empty, as it is the first `ip netns add` of a boot that makes it.
func (c cluster) removeNetns() error {
	for {
		err := unix.Unmount(c.netns(), unix.MNT_DETACH)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
			break // Not mounted, or not any more.
		}
		if err != nil {
			return fmt.Errorf("unmounting %s: %w", c.netns(), err)
		}
	}
	if err := os.Remove(c.netns()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	os.Remove(netnsDir) // Fails, and should, where others have names or a mount there.
	return nil
}

// links are the commands that give the namespace its interfaces. The node's
// address is on a bridge without ports: pods have a link of their own each (the
// ptp plugin), so that all their traffic is routed and kube-proxy sees it
// without br_netfilter, with the client's address as it is. The default route
// makes packets to Services leave the local process; their rules then take them.
const links = `link set lo up
link add ` + nodeLink + ` type bridge
addr add ` + nodeNetwork + ` dev ` + nodeLink + `
link set ` + nodeLink + ` up
route add default dev ` + nodeLink + `
`

// configureNetwork sets up the network namespace that the init process is in.
func configureNetwork(s *supervisor) error {
	batch := inside + "/tmp/links"
	if err := os.WriteFile(batch, []byte(links), 0o644); err != nil {
		return err
	}
	if err := s.run("network", "ip", "-batch", batch); err != nil {
		return err
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
}
