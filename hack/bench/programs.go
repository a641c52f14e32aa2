package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// debian maps a program to the Debian package that has it.
var debian = map[string]string{"wrk": "wrk", "haproxy": "haproxy", "nginx": "nginx-light", "h2load": "nghttp2-client"}

// needPrograms installs what is missing where it may, and names it otherwise.
func needPrograms(names ...string) error {
	var packages []string
	for _, name := range names {
		if _, err := findProgram(name); err != nil {
			packages = append(packages, debian[name])
		}
	}
	if len(packages) == 0 {
		return nil
	}
	list := strings.Join(packages, " ")
	if os.Geteuid() != 0 {
		return fmt.Errorf("these Debian packages are missing: %s (as root: apt-get install %s)", list, list)
	}
	for _, args := range [][]string{{"update", "-qq"}, append([]string{"install", "-y", "-qq", "--no-install-recommends"}, packages...)} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

// findProgram looks in PATH and where Debian puts daemons.
func findProgram(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	path := "/usr/sbin/" + name
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not installed", name)
	}
	return path, nil
}
