package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommandLines(t *testing.T) {
	tests := map[string]struct {
		args string
		want string
	}{
		"no verb":                        {"", "a verb is missing"},
		"an unknown verb":                {"restart", "is no verb"},
		"too many arguments":             {"up now", "is no verb"},
		"too few arguments":              {"load", "is no verb"},
		"a name with a slash":            {"-name ../x up", "is no name"},
		"a name after the verb":          {"up -name X", "is no name"},
		"an unknown component":           {"stop kubernetes", `"kubernetes" is none of containerd, etcd`},
		"an unknown program":             {"build helm", `"helm" is no program`},
		"init by hand":                   {"init", "init is for up to start"},
		"an action of no component":      {"start", "is no verb"},
		"a flag of the command, in exec": {"stop -- -x", `"-x" is none of`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := run(context.Background(), strings.Fields(test.args))
			var wrong usageError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want a usage error with %q", err, test.want)
			}
		})
	}
}

// TestOnlyAMarkedDirectoryIsTaken is about what down may remove.
func TestOnlyAMarkedDirectoryIsTaken(t *testing.T) {
	tests := map[string]struct {
		files  map[string]string
		create string // part of the error of create, if it must fail
		marked bool   // before create
		err    string // part of the error of marked
	}{
		"nothing":               {},
		"somebody's files":      {files: map[string]string{"thesis.tex": ""}, create: "is not empty"},
		"a cluster":             {files: map[string]string{markFile: `{"name":"dev"}`, "x": ""}, create: "is not empty", marked: true},
		"a cut-off mark":        {files: map[string]string{markFile: ""}, create: "is not empty", marked: true},
		"a cluster of its name": {files: map[string]string{markFile: `{"name":"other"}`}, create: "is not empty", err: `holds the cluster "other"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := cluster{name: "dev", dir: t.TempDir()}
			for file, text := range test.files {
				if err := os.WriteFile(c.path(file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			marked, err := c.marked()
			if marked != test.marked || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("marked = %v, %v, want %v and an error with %q", marked, err, test.marked, test.err)
			}
			err = c.create()
			if (err == nil) != (test.create == "") || err != nil && !strings.Contains(err.Error(), test.create) {
				t.Errorf("create: %v, want an error with %q", err, test.create)
			}
			if err != nil {
				return
			}
			if marked, err := c.marked(); !marked || err != nil {
				t.Errorf("marked after create = %v, %v", marked, err)
			}
		})
	}
}

func TestRemoveStateRemovesAllOfIt(t *testing.T) {
	parent := t.TempDir()
	c := cluster{name: "dev", dir: filepath.Join(parent, "dev")}
	if err := c.create(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(c.path("var", "lib", "kubelet"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(parent, c.path("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(parent, "neighbour"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.removeState(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(parent, "*"))
	if diff := cmp.Diff([]string{filepath.Join(parent, "neighbour")}, left); err != nil || diff != "" {
		t.Errorf("%v; left (-want +got):\n%s", err, diff)
	}
}

func TestImportedImages(t *testing.T) {
	out := `unpacking ghcr.io/sluice-dev/sluice:v1 (sha256:12ab)...done
unpacking localhost:5000/echo:v2 (sha256:34cd)...done
`
	want := []string{"ghcr.io/sluice-dev/sluice:v1", "localhost:5000/echo:v2"}
	if diff := cmp.Diff(want, importedImages([]byte(out))); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
