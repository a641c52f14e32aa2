package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tools maps each program that a cluster takes from the distribution to
// Debian's package of it.
var tools = map[string]string{
	"containerd": "containerd",
	"ctr":        "containerd",
	"runc":       "runc",
	"iptables":   "iptables",
	"nft":        "nftables",
	"conntrack":  "conntrack",
	"ip":         "iproute2",
	"nsenter":    "util-linux",
	"mount":      "mount",
}

// cniPlugins are the network plugins that cniConfig names. cniDirs are where
// distributions keep them.
var (
	cniPlugins = []string{"loopback", "ptp", "host-local", "portmap"}
	cniDirs    = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}
)

const cniPackage = "containernetworking-plugins"

// searchPath is the PATH of every component. Debian's own PATH for root lacks
// nothing of it, but sudo and cron have shorter ones.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// ensurePackages installs what is missing with apt-get, or says what that is.
func ensurePackages(ctx context.Context) error {
	missing := missingPackages()
	if len(missing) == 0 {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return fmt.Errorf("these packages are missing: %s", strings.Join(missing, " "))
	}
	fmt.Fprintf(os.Stderr, "installing %s\n", strings.Join(missing, " "))
	for _, args := range [][]string{
		{"update", "-q"},
		append([]string{"install", "-q", "-y", "--no-install-recommends"}, missing...),
	} {
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("these packages are missing: %s; apt-get %s: %w", strings.Join(missing, " "), args[0], err)
		}
	}
	if missing = missingPackages(); len(missing) > 0 {
		return fmt.Errorf("still missing after apt-get install: %s", strings.Join(missing, " "))
	}
	return nil
}

// missingPackages returns the packages whose programs are not there, sorted.
func missingPackages() []string {
	var missing []string
	for tool, pkg := range tools {
		if lookUp(tool) == "" {
			missing = append(missing, pkg)
		}
	}
	if cniDir() == "" {
		missing = append(missing, cniPackage)
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// lookUp returns the path of a tool, or "".
func lookUp(tool string) string {
	for dir := range strings.SplitSeq(searchPath, ":") {
		path := filepath.Join(dir, tool)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// cniDir returns the directory that has all plugins, or "".
func cniDir() string {
	for _, dir := range cniDirs {
		found := 0
		for _, p := range cniPlugins {
			if _, err := os.Stat(filepath.Join(dir, p)); err == nil {
				found++
			}
		}
		if found == len(cniPlugins) {
			return dir
		}
	}
	return ""
}
