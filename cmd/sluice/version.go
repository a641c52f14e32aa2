package main

import (
	"fmt"
	"runtime"
)

// Set by the linker (Makefile).
var (
	version = "devel"
	commit  = "unknown"
)

// runVersion prints version, commit and platform on one line.
func runVersion(p *program, args []string) int {
	if len(args) > 0 {
		fmt.Fprintf(p.stderr, "%s version: takes no arguments\n", p.name)
		return exitUsage
	}
	fmt.Fprintf(p.stdout, "sluice %s (%s) %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitDone
}
