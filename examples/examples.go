// Package examples holds manifests that people read and tests run, as files of
// the binary: `sluice demo` serves the quickstart from here.
package examples

import "embed"

// Quickstart is the folder quickstart.
//
//go:embed quickstart/*.yaml
var Quickstart embed.FS
