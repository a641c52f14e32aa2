package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// debian maps each program to the Debian package that has it.
var debian = map[string]string{
	"node": "nodejs", "python3": "python3", "nginx": "nginx-light", "apache2": "apache2-bin",
	"slowhttptest": "slowhttptest", "h2load": "nghttp2-client",
}

// searchPath is where Debian puts programs and daemons; what else PATH names comes behind it.
const searchPath = "/usr/sbin:/usr/bin:/sbin:/bin"

// needPrograms installs what is missing, where it may, and names it otherwise.
func needPrograms(ctx context.Context, names ...string) error {
	if err := os.Setenv("PATH", searchPath+":"+os.Getenv("PATH")); err != nil {
		return err
	}
	missing := missingPackages(names)
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	if os.Geteuid() != 0 {
		return fmt.Errorf("these Debian packages are missing: %s (as root: apt-get install %s)", list, list)
	}
	for _, args := range [][]string{{"update", "-q"}, append([]string{"install", "-q", "-y", "--no-install-recommends"}, missing...)} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("these Debian packages are missing: %s; apt-get %s: %w: %s", list, args[0], err, out)
		}
	}
	if missing = missingPackages(names); len(missing) > 0 {
		return fmt.Errorf("still missing after apt-get install: %s", strings.Join(missing, " "))
	}
	return nil
}

func missingPackages(names []string) []string {
	var missing []string
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, debian[name])
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}
